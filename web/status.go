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
	shelf, err := s.current()
	if err != nil {
		return err
	}
	editions, err := s.o.Editions.Editions(v.Context(), listedEditions)
	if err != nil {
		return fmt.Errorf("%w: editions: %w", errAway, err)
	}
	all := shelf.catalogue.Posts(posts.Everything)
	site := templates.FactGroup{Title: v.text["status_site"], Facts: []templates.Fact{
		{Label: v.text["status_posts"], Value: strconv.Itoa(len(all))},
		{Label: v.text["status_categories"], Value: strconv.Itoa(len(shelf.categories))},
		{Label: v.text["status_tags"], Value: strconv.Itoa(len(shelf.tags))},
	}}
	if len(all) > 0 {
		site.Facts = append(site.Facts, templates.Fact{Label: v.text["status_newest"], Value: s.moment(v.text, all[0].Date)})
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
	return s.page(w, v, http.StatusOK, "status", templates.StatusView{Frame: frame, Groups: slices.Concat([]templates.FactGroup{site, mail}, brakes, s.hubFacts(v))})
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
