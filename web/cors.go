package web

import "net/http"

// forReaders are the methods that a feed knows.
const forReaders = "GET, HEAD, OPTIONS"

// share lets feed readers that are web pages read an answer, an error or a new
// address as well (https://fetch.spec.whatwg.org/#http-cors-protocol). Feeds are
// public, and without cookies there is nothing to steal.
func (s *Server) share(w http.ResponseWriter) {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = s.fields.anybody
	h["Access-Control-Expose-Headers"] = s.fields.exposed
}

// answerReader answers OPTIONS: whether a page may ask as it wants to, for a day.
func answerReader(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Allow", forReaders)
	h.Set("Access-Control-Allow-Methods", "GET, HEAD")
	h.Set("Access-Control-Allow-Headers", "*")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}
