package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// status shows a few figures that everybody may know.
func (s *Server) status(w http.ResponseWriter, v *visit) error {
	editions, err := s.o.Editions.Editions(v.Context(), listedEditions)
	if err != nil {
		return fmt.Errorf("%w: editions: %w", errAway, err)
	}
	mail := templates.FactGroup{Title: v.text["status_mail"]}
	for _, c := range subscribers.Cadences {
		value := v.text["status_never"]
		if e, ok := latest(editions, c); ok {
			value = s.moment(v.text, e.Slot) + v.text["fact_between"] + v.text["stage_"+string(e.Stage)]
		}
		mail.Facts = append(mail.Facts, templates.Fact{Label: v.text["cadence_"+string(c)], Value: value})
	}
	brakes, err := s.brakeFacts(v)
	if err != nil {
		return err
	}
	frame := s.framed(v, v.text["status_title"])
	frame.NoIndex = true
	w.Header().Set("Cache-Control", "no-store")
	return s.page(w, v, http.StatusOK, "status", templates.StatusView{Frame: frame, Groups: slices.Concat([]templates.FactGroup{s.siteFacts(v), mail}, brakes, s.hubFacts(v))})
}

// siteFacts are the figures of the site as it was read last, and what keeps it
// from being read again.
func (s *Server) siteFacts(v *visit) templates.FactGroup {
	group := templates.FactGroup{Title: v.text["status_site"]}
	add := func(label, value string) {
		group.Facts = append(group.Facts, templates.Fact{Label: v.text[label], Value: value})
	}
	if shelf := s.shelf.Load(); shelf != nil {
		all := shelf.catalogue.Posts(posts.Everything)
		add("status_posts", strconv.Itoa(len(all)))
		add("status_categories", strconv.Itoa(len(shelf.categories)))
		add("status_tags", strconv.Itoa(len(shelf.tags)))
		if len(all) > 0 {
			add("status_newest", s.moment(v.text, all[0].Date))
		}
	}
	switch trouble := s.trouble().Text; {
	case trouble != "":
		add("status_trouble", trouble)
	case len(group.Facts) == 0:
		add("status_posts", v.text["status_unread"])
	}
	return group
}

// latest is the newest edition of a cadence.
func latest(editions []delivery.Edition, c subscribers.Cadence) (delivery.Edition, bool) {
	for _, e := range editions {
		if e.Cadence == c {
			return e, true
		}
	}
	return delivery.Edition{}, false
}
