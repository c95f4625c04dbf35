package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/templates"
)

// Brakes are the parts of delivery.Pacer that pages need.
type Brakes interface {
	Brakes(ctx context.Context) ([]delivery.Brake, error)
}

// brakes are those that are on, in one order.
func (s *Server) brakes(ctx context.Context) ([]delivery.Brake, error) {
	if s.o.Brakes == nil {
		return nil, nil
	}
	all, err := s.o.Brakes.Brakes(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: brakes: %w", errAway, err)
	}
	all = delivery.Standing(all, s.o.Now())
	slices.SortFunc(all, func(a, b delivery.Brake) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Relay, b.Relay))
	})
	return all, nil
}

// sendingMetrics writes how relays do and what providers asked for, in
// Prometheus' text format. Relays are this process's own, if it sends.
func (s *Server) sendingMetrics(ctx context.Context, b *strings.Builder, head func(name, help, kind string)) error {
	brakes, err := s.brakes(ctx)
	if err != nil {
		return err
	}
	if len(brakes) > 0 {
		head("enshi_mail_paused", "Whether a relay sends a provider group nothing, because the provider asked for a pause; group \"*\" if the relay itself fails.", "gauge")
		for _, k := range brakes {
			shut := 0
			if k.Shut() {
				shut = 1
			}
			fmt.Fprintf(b, "enshi_mail_paused{relay=%q,group=%q} %d\n", k.Relay, k.Group, shut)
		}
		head("enshi_mail_halvings", "How often the rate of a group is halved, or how often in a row a relay failed.", "gauge")
		for _, k := range brakes {
			fmt.Fprintf(b, "enshi_mail_halvings{relay=%q,group=%q} %d\n", k.Relay, k.Group, k.Level)
		}
	}
	if s.o.Relays == nil {
		return nil
	}
	relays := s.o.Relays()
	if len(relays) == 0 {
		return nil
	}
	head("enshi_relay_up", "Whether a relay takes mail, as far as this process knows.", "gauge")
	for _, r := range relays {
		up := 0
		if r.Works() {
			up = 1
		}
		fmt.Fprintf(b, "enshi_relay_up{relay=%q} %d\n", r.Name, up)
	}
	head("enshi_relay_messages_total", "Mails that a relay took from this process.", "counter")
	for _, r := range relays {
		fmt.Fprintf(b, "enshi_relay_messages_total{relay=%q} %d\n", r.Name, r.Sent)
	}
	return nil
}

// brakeFacts are the lines of the status page on who gets less mail at the
// moment. Relays are not named there, nor quoted.
func (s *Server) brakeFacts(v *visit) ([]templates.FactGroup, error) {
	brakes, err := s.brakes(v.Context())
	if err != nil || len(brakes) == 0 {
		return nil, err
	}
	group := templates.FactGroup{Title: v.text["status_brakes"]}
	for _, b := range brakes {
		fact := templates.Fact{Label: string(b.Group), Value: fill(v.text["status_slower"], "{times}", strconv.Itoa(1<<min(b.Level, 10)))}
		switch {
		case b.OfRelay():
			fact = templates.Fact{Label: v.text["status_relay"], Value: fill(v.text["status_away"], "{time}", s.moment(v.text, b.Until))}
		case b.Shut():
			fact.Value = fill(v.text["status_paused"], "{time}", s.moment(v.text, b.Until))
		}
		group.Facts = append(group.Facts, fact)
	}
	return []templates.FactGroup{group}, nil
}
