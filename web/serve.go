package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// recorder notes what was answered. It keeps io.ReaderFrom, so that a file
// still goes out without passing through this program.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := io.Copy(r.ResponseWriter, src)
	r.bytes += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// serve answers one request, counts it and logs it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	start := s.o.Now()
	rec := &recorder{ResponseWriter: w}
	route := s.dispatch(rec, &visit{Request: r, start: start})
	s.count.request(rec.status)
	if h := s.o.Log.Handler(); h.Enabled(r.Context(), slog.LevelInfo) {
		// Not through Logger, which would look up the line that logs.
		end := s.o.Now()
		line := slog.NewRecord(end, slog.LevelInfo, "request", 0)
		line.AddAttrs(slog.String("method", methodName(r.Method)), slog.String("route", route),
			slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", end.Sub(start)))
		_ = h.Handle(r.Context(), line) // as Logger does: there is nowhere to say it
	}
}

// methodName keeps what a client made up out of the log.
func methodName(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return m
	}
	return "other"
}

// dispatch finds who answers, and returns the pattern for the log.
func (s *Server) dispatch(w *recorder, v *visit) (pattern string) {
	pattern = elsewhere
	w.Header()["X-Content-Type-Options"] = s.fields.noSniff
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // the value itself is the signal
				panic(p)
			}
			s.o.Log.Error("handler broke", "route", pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			s.fail(w, v, pattern, errBroken)
		}
	}()
	var err error
	if known, ok := s.stock.place(v.RequestURI); ok {
		v.place = known
	} else if v.place, err = readPlace(v.URL, s.base); err != nil {
		s.fail(w, v, pattern, err)
		return pattern
	}
	route, args := (*route)(nil), []string(nil)
	if !isDocument(v.place.path) && !v.place.loose {
		route, args = s.route(v.place)
	}
	if isDocument(v.place.path) || route != nil && route.shared {
		if s.share(w); v.Method == http.MethodOptions {
			answerReader(w)
			return documentRoute
		}
	}
	if route == nil {
		pattern = documentRoute
		if err := s.documents(w, v); err != nil {
			if errors.Is(err, errNotFound) {
				pattern = elsewhere
			}
			s.fail(w, v, pattern, err)
		}
		return pattern
	}
	pattern, v.args, v.private = route.pattern, args, route.private
	s.chooseLanguage(v)
	handle, err := route.of(v.Method)
	if err == nil {
		v.Body = http.MaxBytesReader(w, v.Body, maxBody)
		if v.Method == http.MethodPost {
			err = insist(handle, w, v)
		} else {
			err = handle(w, v)
		}
	}
	if err != nil {
		s.fail(w, v, pattern, err)
	}
	return pattern
}

// insist lets a request that changes something go on when its client leaves: who
// presses a button and closes the window has pressed it.
func insist(handle handler, w http.ResponseWriter, v *visit) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(v.Context()), atMost)
	defer done()
	v.Request = v.WithContext(ctx)
	return handle(w, v)
}

// left says that the client broke the connection, and the request with it.
func (v *visit) left() bool {
	return v.Method != http.MethodPost && errors.Is(v.Context().Err(), context.Canceled)
}

// isDocument says whether a path can only be a published document's.
func isDocument(path string) bool {
	if strings.HasPrefix(path, "/my/") {
		return false
	}
	return strings.HasSuffix(path, ".xml") || strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".opml")
}

const (
	atMost     = 30 * time.Second // for a change
	clientLeft = 499              // in log and metrics, as nginx says it; nobody gets it
)

// errBroken stands for a panic, which was logged where it was caught.
var errBroken = errors.New("handler broke")

// fail shows an error as a page, and logs it if it is ours.
func (s *Server) fail(w *recorder, v *visit, pattern string, err error) {
	if v.left() {
		w.status = clientLeft
		return
	}
	a := s.answerTo(err)
	if a.status >= http.StatusInternalServerError && !errors.Is(err, errBroken) {
		s.o.Log.Error("request failed", "route", pattern, "status", a.status, "error", err)
	}
	if w.status != 0 {
		return // the answer is on its way already
	}
	var method methodError
	if errors.As(err, &method) {
		w.Header().Set("Allow", method.allow)
	}
	switch a.status {
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(int(s.o.PerClient.Period.Seconds())))
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "60")
	}
	if v.text == nil {
		s.chooseLanguage(v)
	}
	if w.Header().Set("Cache-Control", "no-store"); errors.Is(err, errGone) {
		w.Header().Set("Cache-Control", s.maxAge)
	}
	if err := s.errorPage(w, v, a); err != nil {
		s.o.Log.Error("error page failed", "route", pattern, "error", err)
		http.Error(w, http.StatusText(a.status), a.status)
	}
}

// page renders a page whole before anything of it is sent.
func (s *Server) page(w http.ResponseWriter, v *visit, status int, name string, view any) error {
	var body bytes.Buffer
	if err := s.o.Templates.Page(&body, name, view); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(v.language))
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	if v.private {
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Robots-Tag", "noindex")
		return s.write(w, v, status, body.Bytes())
	}
	h.Set("Referrer-Policy", "same-origin")
	h.Add("Vary", "Accept-Language")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", s.maxAge)
	}
	return s.write(w, v, status, body.Bytes())
}
