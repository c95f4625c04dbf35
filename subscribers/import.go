package subscribers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// ImportOptions say where an import goes and on whose word.
type ImportOptions struct {
	Registry Registry
	Bulk     Bulk // of the same store
	Keys     *Keys
	Head     func(context.Context) (int64, error) // of the arrival log
	Now      func() time.Time
	Defaults Preferences // of new people, where a row says nothing

	// Consent says how the people agreed, and makes them active at once. Without
	// it each gets the confirmation mail.
	Consent string
	DryRun  bool // reads and reports, changes nothing
}

// Report counts the rows of an import: each is in one of the other numbers.
type Report struct {
	Rows       int
	Added      int
	Updated    int
	Unchanged  int
	Suppressed int // left, bounced, complained or erased: not brought back
	Rejected   []Rejection
}

// Rejection is a row that was not understood. Reason never quotes the row.
type Rejection struct {
	Row    int // the line in the file; the header is line 1
	Reason string
}

// conflictTries bounds how often a row is done again because its record
// changed meanwhile.
const conflictTries = 10

// Import reads a table of subscribers (CSV in UTF-8, a header of email and any
// of topics, cadence, language and state) row by row. A row that is not
// understood is reported and never stops the next; a store that does not answer
// stops the import, and the report tells how far it came: it can be run again.
//
// An empty cell leaves what an active person chose, and is the default for
// everybody else. Whoever has the state pending is sent the confirmation mail
// whatever the consent; whoever has left, bounced or complained, in the file or
// on record, is not brought back.
func Import(ctx context.Context, r io.Reader, o ImportOptions) (Report, error) {
	var report Report
	t, err := readHeader(r)
	if err != nil {
		return report, fmt.Errorf("import subscribers: %w", err)
	}
	into := newIntake(o, &report)
	for {
		cells, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			err = nil
			fallthrough
		case err != nil && !isRowError(err):
			if err = errors.Join(err, into.flush(ctx)); err != nil {
				err = fmt.Errorf("import subscribers: %w", err)
			}
			return report, err
		}
		var in entry
		if err == nil {
			in, err = t.entry(cells)
		}
		if err != nil {
			report.Rows++
			report.Rejected = append(report.Rejected, Rejection{t.row, err.Error()})
			continue
		}
		if err := into.take(ctx, t.row, in); err != nil {
			return report, fmt.Errorf("import subscribers: %w", err)
		}
	}
}

func (r *Report) count(l landing) {
	switch l {
	case added:
		r.Added++
	case updated:
		r.Updated++
	case unchanged:
		r.Unchanged++
	case suppressed:
		r.Suppressed++
	}
}

// entry is a row that was understood. Empty fields were empty cells.
type entry struct {
	address Address
	wanted  Preferences
	state   State
}

// entry understands cells. Its errors never quote them.
func (t *table) entry(cells []string) (entry, error) {
	var in entry
	for i, name := range t.columns {
		cell := unguard(strings.TrimSpace(cells[i]))
		if cell == "" && name != columnEmail {
			continue
		}
		var err error
		switch name {
		case columnEmail:
			in.address, err = ParseAddress(cell)
		case columnTopics:
			in.wanted.Topics, err = parseTopics(cell)
		case columnCadence:
			in.wanted.Cadence, err = ParseCadence(cell)
		case columnLanguage:
			in.wanted.Language, err = ParseLanguage(cell)
		case columnState:
			in.state, err = parseState(cell)
		}
		if err != nil {
			return entry{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return in, nil
}

func parseState(cell string) (State, error) {
	switch s := State(strings.ToLower(cell)); s {
	case Pending, Active, Unsubscribed, Bounced, Complained, Erased:
		return s, nil
	}
	return "", errors.New("expected active, pending, unsubscribed, bounced, complained, erased, or nothing")
}

// landing is what became of a row.
type landing int

const (
	added landing = iota
	updated
	unchanged
	suppressed
)

func (o *ImportOptions) enterOnce(ctx context.Context, id ID, in entry) (landing, error) {
	s, err := o.Registry.Subscriber(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	active := o.Consent != "" && in.state != Pending
	switch {
	case s.State == Unsubscribed, s.State == Bounced, s.State == Complained, s.State == Erased, s.Returning:
		return suppressed, nil
	case active:
		return o.activate(ctx, s, id, in)
	case s.State != "":
		// Active people need no mail, and pending ones have theirs: an import
		// that runs every night must not mail every night.
		return unchanged, nil
	}
	s, notice := SignUp(s, id, in.address, in.wanted.or(o.Defaults), o.Now())
	return added, o.Registry.Save(ctx, s, notice)
}

func (o *ImportOptions) activate(ctx context.Context, s Subscriber, id ID, in entry) (landing, error) {
	consent := Consent{Text: o.Consent, At: o.Now()}
	landed, address, defaults := updated, in.address, o.Defaults
	if s.State == Active {
		address, defaults = s.Address, Preferences{s.Topics, s.Cadence, s.Language}
	} else {
		head, err := o.Head(ctx)
		if err != nil {
			return 0, err
		}
		consent.Head = head
	}
	if s.State == "" {
		landed = added
	}
	after, _ := Activate(s, id, address, in.wanted.or(defaults), consent)
	if reflect.DeepEqual(s, after) {
		return unchanged, nil
	}
	return landed, o.Registry.Save(ctx, after, NoNotice)
}

// or fills what p does not say from q.
func (p Preferences) or(q Preferences) Preferences {
	if len(p.Topics) == 0 {
		p.Topics = q.Topics
	}
	if p.Cadence == "" {
		p.Cadence = q.Cadence
	}
	if p.Language == "" {
		p.Language = q.Language
	}
	return p
}
