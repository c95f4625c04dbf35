package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// counters count what happened since the start, for /metrics.
type counters struct {
	classes                                 [6]atomic.Int64 // requests by the first digit of their status
	documents, notModified                  atomic.Int64
	signUps, trapped, limited               atomic.Int64
	confirmed, unsubscribed, undone, prefer atomic.Int64
}

func (c *counters) request(status int) {
	if class := status / 100; class > 0 && class < len(c.classes) {
		c.classes[class].Add(1)
	}
}

// health says that the process answers.
func (s *Server) health(w http.ResponseWriter, v *visit) error {
	return plain(w, v, http.StatusOK, "ok\n")
}

// ready says whether requests can be served: the site was read and the store
// answers.
func (s *Server) ready(w http.ResponseWriter, v *visit) error {
	if _, err := s.current(); err != nil {
		why := err.Error()
		if trouble := s.trouble().Text; trouble != "" {
			why += ": " + trouble
		}
		return plain(w, v, http.StatusServiceUnavailable, why+"\n")
	}
	ctx, cancel := context.WithTimeout(v.Context(), 2*time.Second)
	defer cancel()
	if _, err := s.o.Arrivals.Head(ctx); err != nil {
		if v.left() {
			return err
		}
		s.o.Log.Warn("not ready", "error", err)
		return plain(w, v, http.StatusServiceUnavailable, "the store does not answer\n")
	}
	return plain(w, v, http.StatusOK, "ready\n")
}

// trouble is what keeps the site from being read.
func (s *Server) trouble() Trouble {
	if s.o.Trouble == nil {
		return Trouble{}
	}
	return s.o.Trouble()
}

// metrics writes the counters in Prometheus' text format.
func (s *Server) metrics(w http.ResponseWriter, v *visit) error {
	var b strings.Builder
	head := func(name, help, kind string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}
	head("enshi_http_requests_total", "Requests answered, by class of status.", "counter")
	for class := 1; class < len(s.count.classes); class++ {
		fmt.Fprintf(&b, "enshi_http_requests_total{class=\"%dxx\"} %d\n", class, s.count.classes[class].Load())
	}
	head("enshi_http_documents_total", "Feeds answered for, by status.", "counter")
	fmt.Fprintf(&b, "enshi_http_documents_total{status=\"200\"} %d\n", s.count.documents.Load())
	fmt.Fprintf(&b, "enshi_http_documents_total{status=\"304\"} %d\n", s.count.notModified.Load())
	head("enshi_http_held_bytes", "Bytes of documents held ready to be sent.", "gauge")
	fmt.Fprintf(&b, "enshi_http_held_bytes %d\n", s.stock.bytes())
	for _, c := range []struct {
		name, help string
		n          *atomic.Int64
	}{
		{"enshi_web_signups_total", "Sign-ups taken, known addresses included.", &s.count.signUps},
		{"enshi_web_signups_trapped_total", "Sign-ups that filled in the field that people do not see.", &s.count.trapped},
		{"enshi_web_signups_limited_total", "Sign-ups refused because there were too many.", &s.count.limited},
		{"enshi_web_confirmations_total", "Sign-ups confirmed.", &s.count.confirmed},
		{"enshi_web_unsubscribes_total", "Unsubscriptions.", &s.count.unsubscribed},
		{"enshi_web_undone_total", "Unsubscriptions taken back.", &s.count.undone},
		{"enshi_web_preferences_total", "Changes of topics, cadence or language.", &s.count.prefer},
	} {
		head(c.name, c.help, "counter")
		fmt.Fprintf(&b, "%s %d\n", c.name, c.n.Load())
	}
	s.hubMetrics(&b, head)
	if err := s.sendingMetrics(v.Context(), &b, head); err != nil && !v.left() {
		s.o.Log.Warn("metrics without those of sending", "error", err)
	}
	if shelf := s.shelf.Load(); shelf != nil {
		head("enshi_posts", "Posts published.", "gauge")
		fmt.Fprintf(&b, "enshi_posts %d\n", len(shelf.catalogue.Posts("*")))
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	return send(w, v, http.StatusOK, []byte(b.String()))
}
