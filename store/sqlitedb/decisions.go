package sqlitedb

import (
	"context"
	"fmt"

	"github.com/enshi-daily/enshi/posts"
)

// Decide implements posts.Decisions.
func (db *DB) Decide(ctx context.Context, d posts.Decision) (decided []posts.ID, err error) {
	if err := d.Undecidable(); err != nil {
		return nil, err
	}
	err = db.write(ctx, "decide on posts", func(t *tx) error {
		for _, id := range d.Posts {
			did, err := t.decide(id, d)
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			if did {
				decided = append(decided, id)
			}
		}
		if len(decided) == 0 {
			return nil
		}
		if err := t.revise(); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO meta VALUES ('decisions', '1') ON CONFLICT (key)
			DO UPDATE SET value = CAST(value AS INTEGER) + 1`)
		return err
	})
	if err != nil {
		return nil, err
	}
	return decided, nil
}

// decide carries out a decision on one post; false if it was not its to decide.
func (t *tx) decide(id posts.ID, d posts.Decision) (bool, error) {
	may := `standing = 'held'`
	if d.Standing == posts.Withdrawn {
		may = `standing <> '' AND NOT (` + takenBack + `)`
	}
	n, err := t.exec(`UPDATE identity SET standing = ?, reason = ?, since = ? WHERE id = ? AND `+may,
		d.Standing, d.Reason, seconds(d.At), id)
	if err != nil || n == 0 || d.Standing != posts.Withdrawn {
		return n > 0, err
	}
	_, err = t.exec(`UPDATE arrival SET entry = json_set(entry, '$.Withdrawn', json('true')), amended = ? WHERE post = ?`, withdrawn, id)
	return true, err
}

// Decided implements posts.Decisions.
func (db *DB) Decided(ctx context.Context) (decided string, err error) {
	err = db.read(ctx, "look for decisions", func(t *tx) error {
		_, err := t.row(`SELECT value FROM meta WHERE key = 'decisions'`, nil, &decided)
		return err
	})
	return decided, err
}
