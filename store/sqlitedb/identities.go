package sqlitedb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/enshi-daily/enshi/posts"
)

// Identities implements posts.Identities.
func (db *DB) Identities(ctx context.Context) (all []posts.Identity, err error) {
	err = db.read(ctx, "read identities", func(t *tx) error {
		return t.rows(`SELECT id, path, source_url, body, standing, reason, gone, seen, since FROM identity`, nil,
			func(scan func(...any) error) error {
				var i posts.Identity
				var body []byte
				var seen, since int64
				if err := scan(&i.ID, &i.Path, &i.SourceURL, &body, &i.Standing, &i.Reason, &i.Gone, &seen, &since); err != nil {
					return err
				}
				copy(i.Body[:], body)
				i.Seen, i.Since = moment(seen), moment(since)
				all = append(all, i)
				return nil
			})
	})
	return all, err
}

// Record implements posts.Identities.
func (db *DB) Record(ctx context.Context, w posts.Watch, records []posts.Identity) error {
	return db.write(ctx, "record identities", func(t *tx) error {
		if err := t.fence(w); err != nil {
			return err
		}
		if err := t.revise(); err != nil {
			return err
		}
		for some := range slices.Chunk(records, recordRows) {
			if err := t.record(some); err != nil {
				return fmt.Errorf("%s and %d more: %w", some[0].ID, len(some)-1, err)
			}
		}
		return nil
	})
}

// revise makes a new revision, and names a store that has none yet.
func (t *tx) revise() error {
	_, err := t.exec(`INSERT INTO meta VALUES ('identities', lower(hex(randomblob(8))) || '.1') ON CONFLICT (key)
		DO UPDATE SET value = substr(value, 1, 17) || (CAST(substr(value, 18) AS INTEGER) + 1)`)
	return err
}

// Revision implements posts.Identities.
func (db *DB) Revision(ctx context.Context) (revision string, err error) {
	err = db.read(ctx, "revision of the identities", func(t *tx) error {
		_, err := t.row(`SELECT value FROM meta WHERE key = 'identities'`, nil, &revision)
		return err
	})
	return revision, err
}

// recordRows is how many identities go in one statement.
const recordRows = 32

func (t *tx) record(some []posts.Identity) error {
	args := make([]any, 0, 9*len(some))
	for k := range some {
		i := &some[k]
		args = append(args, string(i.ID), i.Path, i.SourceURL, i.Body[:], string(i.Standing), i.Reason, i.Gone, seconds(i.Seen), seconds(i.Since))
	}
	row := ", (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	_, err := t.exec(`INSERT INTO identity VALUES `+strings.Repeat(row, len(some))[2:]+onKnown, args...)
	return err
}

// A record moves up alone, by the ranks of the standings, and nothing moves what
// an operator withdrew. Where the standing stays, so does what belongs to it.
const (
	onKnown = ` ON CONFLICT (id) DO UPDATE SET
		path = excluded.path, source_url = excluded.source_url, body = excluded.body,
		standing = CASE WHEN ` + stays + ` THEN standing ELSE excluded.standing END,
		reason = CASE WHEN ` + stays + ` THEN reason ELSE excluded.reason END,
		since = CASE WHEN ` + stays + ` THEN since ELSE excluded.since END,
		gone = excluded.gone, seen = excluded.seen`

	stays      = `(` + storedRank + ` > ` + givenRank + ` OR ` + takenBack + `)`
	takenBack  = `standing = 'withdrawn' AND since > 0`
	storedRank = `CASE standing` + ranks
	givenRank  = `CASE excluded.standing` + ranks
	ranks      = ` WHEN 'withdrawn' THEN 5 WHEN 'arrived' THEN 4 WHEN 'released' THEN 3 WHEN 'held' THEN 2 WHEN '' THEN 0 ELSE 1 END`
)
