package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/templates"
)

// HubFigures are what became of the pings to one WebSub hub since the start.
type HubFigures struct {
	Hub                            string // its address
	Sent, Failed, Retried, Dropped int64
	Waiting                        int       // topics that it has still to hear of
	LastSuccess                    time.Time // zero if there was none
}

// hubMetrics writes the figures of the hubs in Prometheus' text format.
func (s *Server) hubMetrics(b *strings.Builder, head func(name, help, kind string)) {
	if s.o.Pings == nil {
		return
	}
	hubs := s.o.Pings()
	if len(hubs) == 0 {
		return
	}
	// A label's value is a string of the exposition format, which Go's quoting
	// fits for what an address may hold.
	line := func(name string, h HubFigures, labels string, n int64) {
		fmt.Fprintf(b, "%s{hub=%q%s} %d\n", name, h.Hub, labels, n)
	}
	head("enshi_hub_pings_total", "Pings to WebSub hubs, by what became of them.", "counter")
	for _, h := range hubs {
		line("enshi_hub_pings_total", h, `,result="sent"`, h.Sent)
		line("enshi_hub_pings_total", h, `,result="failed"`, h.Failed)
		line("enshi_hub_pings_total", h, `,result="dropped"`, h.Dropped)
	}
	head("enshi_hub_retries_total", "Pings repeated because the hub did not take them.", "counter")
	for _, h := range hubs {
		line("enshi_hub_retries_total", h, "", h.Retried)
	}
	head("enshi_hub_waiting", "Feeds that the hub has still to hear of.", "gauge")
	for _, h := range hubs {
		line("enshi_hub_waiting", h, "", int64(h.Waiting))
	}
	head("enshi_hub_last_success_timestamp_seconds", "When the hub last took a ping, 0 for never.", "gauge")
	for _, h := range hubs {
		at := int64(0)
		if !h.LastSuccess.IsZero() {
			at = h.LastSuccess.Unix()
		}
		line("enshi_hub_last_success_timestamp_seconds", h, "", at)
	}
}

// hubFacts are the lines of the status page on hubs, of which there may be none.
func (s *Server) hubFacts(v *visit) []templates.FactGroup {
	if s.o.Pings == nil {
		return nil
	}
	group := templates.FactGroup{Title: v.text["status_hubs"]}
	for _, h := range s.o.Pings() {
		last := v.text["status_hub_never"]
		if !h.LastSuccess.IsZero() {
			last = fill(v.text["status_hub_last"], "{time}", s.moment(v.text, h.LastSuccess))
		}
		group.Facts = append(group.Facts, templates.Fact{
			Label: hubName(h.Hub),
			Value: fill(v.text["status_hub"], "{sent}", strconv.FormatInt(h.Sent, 10), "{failed}", strconv.FormatInt(h.Failed+h.Dropped, 10),
				"{waiting}", strconv.Itoa(h.Waiting)) + v.text["fact_between"] + last,
		})
	}
	if len(group.Facts) == 0 {
		return nil
	}
	return []templates.FactGroup{group}
}

// hubName is a hub's address as people name it.
func hubName(address string) string {
	_, name, _ := strings.Cut(address, "://")
	return strings.TrimSuffix(name, "/")
}
