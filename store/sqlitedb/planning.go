package sqlitedb

import (
	"context"
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// Open implements delivery.Planning.
func (db *DB) Open(ctx context.Context, e delivery.Edition) (opened delivery.Edition, err error) {
	if err := db.sends("open an edition"); err != nil {
		return opened, err
	}
	err = db.write(ctx, "open an edition", func(t *tx) error {
		same, err := t.editions(`SELECT `+editionColumns+` FROM edition
			WHERE cadence = ?1 AND stage = 'planning' OR id = ?2 OR scheduled = 1 AND ?3 = 1 AND cadence = ?1 AND slot = ?4
			ORDER BY stage = 'planning' DESC, id = ?2 DESC LIMIT 1`,
			e.Cadence, e.ID, e.Scheduled, seconds(e.Slot))
		if err != nil {
			return err
		}
		if len(same) > 0 {
			opened, err = t.giveSlot(same[0], e)
			return err
		}
		_, err = t.exec(`INSERT INTO edition (`+editionColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`,
			e.ID, e.Cadence, e.Mark, seconds(e.Slot), e.Scheduled, delivery.StagePlanning, e.Paused, seconds(e.Opened))
		if err != nil {
			return err
		}
		opened, err = t.edition(e.ID)
		return err
	})
	return opened, err
}

// giveSlot makes the edition that is there the one of e's slot, if it is a manual
// one of its ID that was not cancelled, and no other has the slot.
func (t *tx) giveSlot(there, e delivery.Edition) (delivery.Edition, error) {
	if there.ID != e.ID || there.Scheduled || !e.Scheduled || there.Stage == delivery.StageCancelled {
		return there, nil
	}
	_, err := t.exec(`UPDATE edition SET scheduled = 1, slot = ?1 WHERE id = ?2
		AND NOT EXISTS (SELECT 1 FROM edition WHERE scheduled = 1 AND cadence = ?3 AND slot = ?1)`, seconds(e.Slot), e.ID, e.Cadence)
	if err != nil {
		return there, err
	}
	return t.edition(e.ID)
}

// candidatesQuery walks the index subscriber_due from a place on.
const candidatesQuery = `SELECT ` + subscriberColumns + ` FROM subscriber INDEXED BY subscriber_due
	WHERE state = 'active' AND cadence = ? AND id > ? AND cursor < ? ORDER BY id LIMIT ?`

// Candidates implements delivery.Planning.
func (db *DB) Candidates(ctx context.Context, e delivery.Edition, _ int, after subscribers.ID, limit int) ([]delivery.Candidate, error) {
	var found []subscribers.Subscriber
	err := db.read(ctx, "read candidates", func(t *tx) (err error) {
		found, err = t.subscribers(candidatesQuery, e.Cadence, after, e.Mark, max(limit, 0))
		return err
	})
	candidates := make([]delivery.Candidate, len(found))
	for i := range found {
		candidates[i].Subscriber = found[i]
	}
	return candidates, err
}

// Parts implements delivery.Planning: the file is one.
func (db *DB) Parts() int { return 1 }

// Plan implements delivery.Planning. Queued deliveries take an edition that was
// finished back to StageSending: its accounts are open again.
func (db *DB) Plan(ctx context.Context, e delivery.Edition, _ int, choices []delivery.Choice) (planned delivery.Planned, err error) {
	if err := db.sends("plan an edition"); err != nil {
		return planned, err
	}
	err = db.write(ctx, "plan an edition", func(t *tx) error {
		stored, err := t.edition(e.ID)
		if err != nil {
			return err
		}
		if stored.Stage == delivery.StageCancelled {
			return fmt.Errorf("%w: %s was cancelled", delivery.ErrStage, e.ID)
		}
		for i := range choices {
			if err := t.choose(stored, choices[i], &planned); err != nil {
				return fmt.Errorf("%s: %w", choices[i].Subscriber, err)
			}
		}
		if stored.Stage != delivery.StageFinished || planned.Queued == 0 {
			return nil
		}
		return t.reopen(e.ID)
	})
	if err != nil {
		return delivery.Planned{}, err
	}
	return planned, nil
}

// choose carries out one choice if its subscriber is still as it found him.
func (t *tx) choose(e delivery.Edition, c delivery.Choice, planned *delivery.Planned) error {
	moved, err := t.exec(`UPDATE subscriber SET cursor = ?1
		WHERE id = ?2 AND state = 'active' AND cadence = ?3 AND version = ?4 AND cursor = ?5 AND cursor < ?1`,
		e.Mark, c.Subscriber, e.Cadence, c.Version, c.Cursor)
	switch {
	case err != nil:
		return err
	case moved == 0:
		planned.Changed++
		return nil
	case c.Letter == "":
		planned.Moved++
		return nil
	}
	queued, err := t.exec(`INSERT INTO delivery (edition, subscriber, letter, grp, state, created, ready_ms)
		VALUES (?, ?, ?, ?, 'queued', ?, ?) ON CONFLICT DO NOTHING`,
		e.ID, c.Subscriber, c.Letter, c.Group, t.now.Unix(), t.now.UnixMilli())
	if queued == 0 {
		planned.Moved++ // has it already: a person who was deleted and came back
	} else {
		planned.Queued++
	}
	return err
}

// Close implements delivery.Planning.
func (db *DB) Close(ctx context.Context, edition string) error {
	return db.write(ctx, "end the planning of an edition", func(t *tx) error {
		e, err := t.edition(edition)
		switch {
		case err != nil:
			return err
		case e.Stage == delivery.StageCancelled:
			return fmt.Errorf("%w: %s was cancelled", delivery.ErrStage, edition)
		}
		_, err = t.exec(`UPDATE edition SET stage = 'sending' WHERE id = ? AND stage = 'planning'`, edition)
		return err
	})
}
