package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// personView is a subscriber as --json prints it.
type personView struct {
	ID        string   `json:"id"`
	Address   string   `json:"address"`
	State     string   `json:"state"`
	Changed   string   `json:"changed"`
	Topics    []string `json:"topics"`
	Cadence   string   `json:"cadence"`
	Language  string   `json:"language"`
	Cursor    int64    `json:"cursor"`
	Consent   string   `json:"consent,omitempty"`
	Created   string   `json:"created,omitempty"`
	Confirmed string   `json:"confirmed,omitempty"`
}

func subscriberView(s subscribers.Subscriber) personView {
	v := personView{
		ID: string(s.ID), Address: string(s.Address), State: string(s.State), Cadence: string(s.Cadence),
		Language: string(s.Language), Cursor: s.Cursor, Consent: s.Consent,
		Changed: moment(s.Changed), Created: moment(s.Created), Confirmed: moment(s.Confirmed),
	}
	for _, t := range s.Topics {
		v.Topics = append(v.Topics, string(t))
	}
	return v
}

// moment is a time for people and scripts, "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// sayImport prints what an import did; rejected rows make it errPart.
func (p *parts) sayImport(r subscribers.Report, dry bool) error {
	if p.json {
		if err := json.NewEncoder(p.out).Encode(r); err != nil {
			return err
		}
	}
	for _, rejected := range r.Rejected {
		fmt.Fprintf(p.err, "line %d: %s\n", rejected.Row, rejected.Reason)
	}
	verb := "imported"
	if dry {
		verb = "dry run, nothing was changed"
	}
	p.result("%s: %d rows = %d added + %d updated + %d unchanged + %d suppressed + %d rejected",
		verb, r.Rows, r.Added, r.Updated, r.Unchanged, r.Suppressed, len(r.Rejected))
	if len(r.Rejected) > 0 {
		return fmt.Errorf("%d rows: %w", len(r.Rejected), errPart)
	}
	return nil
}
