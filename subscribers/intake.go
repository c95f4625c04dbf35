package subscribers

import (
	"context"
	"errors"
	"fmt"
)

// intakeStep is how many records an import saves at a time.
const intakeStep = 256

// intake brings the entries of an import to the store, many at a time. It is a
// registry whose saves wait, and that knows them.
type intake struct {
	Registry
	o      ImportOptions
	report *Report
	saved  map[ID]Subscriber // as they will be; a dry run never forgets one
	list   []Saving
	rows   []waiting // as many
}

// waiting is an entry whose record is still to be saved.
type waiting struct {
	row    int
	entry  entry
	landed landing
}

func newIntake(o ImportOptions, report *Report) *intake {
	return &intake{Registry: o.Registry, o: o, report: report, saved: make(map[ID]Subscriber)}
}

// Subscriber returns the record as it will be.
func (i *intake) Subscriber(ctx context.Context, id ID) (Subscriber, error) {
	if s, ok := i.saved[id]; ok {
		return s, nil
	}
	return i.Registry.Subscriber(ctx, id)
}

// Save lets a record wait.
func (i *intake) Save(_ context.Context, s Subscriber, n Notice) error {
	i.list = append(i.list, Saving{s, n})
	s.Version++
	i.saved[s.ID] = s
	return nil
}

// take brings in the entry of a row.
func (i *intake) take(ctx context.Context, row int, in entry) error {
	switch in.state {
	case Unsubscribed, Bounced, Complained, Erased:
		i.count(suppressed)
		return nil
	}
	id := i.o.Keys.ID(in.address)
	if _, waits := i.saved[id]; waits && !i.o.DryRun {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	o := i.o
	o.Registry = i
	before := len(i.list)
	landed, err := o.enterOnce(ctx, id, in)
	if err != nil {
		return fmt.Errorf("row %d: subscriber %s: %w", row, id, err)
	}
	if len(i.list) == before {
		i.count(landed)
		return nil
	}
	i.rows = append(i.rows, waiting{row, in, landed})
	if len(i.list) < intakeStep {
		return nil
	}
	return i.flush(ctx)
}

// flush saves what waits. A record that has changed since it was read is read
// again. A dry run only counts.
func (i *intake) flush(ctx context.Context) error {
	rows, list := i.rows, i.list
	i.rows, i.list = nil, nil
	if i.o.DryRun || len(list) == 0 {
		for _, row := range rows {
			i.count(row.landed)
		}
		return nil
	}
	clear(i.saved)
	became, err := i.o.Bulk.SaveAll(ctx, list)
	if err != nil {
		return fmt.Errorf("rows from %d on: %w: import the file again", rows[0].row, err)
	}
	for n, row := range rows {
		if became[n] != nil {
			if row.landed, err = i.again(ctx, row.entry); err != nil {
				return fmt.Errorf("row %d: %w", row.row, err)
			}
		}
		i.count(row.landed)
	}
	return nil
}

// again brings in an entry alone, as often as its record changes meanwhile.
func (i *intake) again(ctx context.Context, in entry) (landing, error) {
	id := i.o.Keys.ID(in.address)
	for try := 1; ; try++ {
		landed, err := i.o.enterOnce(ctx, id, in)
		if err == nil {
			return landed, nil
		}
		if !errors.Is(err, ErrConflict) || try == conflictTries {
			return 0, fmt.Errorf("subscriber %s: %w", id, err)
		}
	}
}

func (i *intake) count(l landing) {
	i.report.Rows++
	i.report.count(l)
}
