package sqlitedb

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
)

// letterBox lets letters that come in while others are written share the next
// transaction.
type letterBox struct {
	mu      sync.Mutex
	waiting []*posted
	busy    bool
}

// posted is a letter that waits to be written.
type posted struct {
	edition, letter string
	data            []byte
	brings          []digest.Brought
	refused         error
	done            chan error
}

// maxPosted is how many letters one transaction keeps.
const maxPosted = 100

// PutLetter implements delivery.Planning.
func (db *DB) PutLetter(ctx context.Context, edition, letter string, data []byte, brings ...digest.Brought) error {
	p := &posted{edition: edition, letter: letter, data: data, brings: brings, done: make(chan error, 1)}
	box := &db.letters
	box.mu.Lock()
	box.waiting = append(box.waiting, p)
	if !box.busy {
		box.busy = true
		go db.keepLetters(context.WithoutCancel(ctx))
	}
	box.mu.Unlock()
	return <-p.done
}

// keepLetters writes letters until none waits.
func (db *DB) keepLetters(ctx context.Context) {
	for box := &db.letters; ; {
		box.mu.Lock()
		n := min(len(box.waiting), maxPosted)
		batch := box.waiting[:n:n]
		box.waiting = box.waiting[n:]
		box.busy = n > 0
		box.mu.Unlock()
		if n == 0 {
			return
		}
		err := db.write(ctx, "keep letters", func(t *tx) error {
			for _, p := range batch {
				if err := t.keepLetter(p); err != nil {
					return err
				}
			}
			return nil
		})
		for _, p := range batch {
			p.done <- cmp.Or(err, p.refused)
		}
	}
}

const withdrawnQuery = `SELECT 1 FROM arrival WHERE number IN (SELECT value FROM json_each(?)) AND amended = 2 LIMIT 1`

// keepLetter keeps a letter, or says that it must not be.
func (t *tx) keepLetter(p *posted) error {
	numbers := make([]int64, len(p.brings))
	for i := range numbers {
		numbers[i] = p.brings[i].Number
	}
	list, err := json.Marshal(numbers)
	if err != nil {
		return err
	}
	gone, err := t.row(withdrawnQuery, values(string(list)), new(int))
	if err != nil {
		return err
	}
	if gone {
		p.refused = fmt.Errorf("letter %s of %s: %w", p.letter, p.edition, delivery.ErrWithdrawn)
		return nil
	}
	n, err := t.exec(`INSERT INTO letter VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, p.edition, p.letter, blob(p.data))
	if err != nil || n == 0 || len(p.brings) == 0 {
		return err
	}
	_, err = t.exec(`INSERT INTO brought VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, p.edition, p.letter, delivery.EncodeBrought(p.brings))
	return err
}

// blob is what stands for bytes in a column: nil would be NULL.
func blob(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// Letter implements delivery.Letters.
func (db *DB) Letter(ctx context.Context, edition, letter string) (data []byte, err error) {
	err = db.read(ctx, "read a letter", func(t *tx) error {
		found, err := t.row(`SELECT data FROM letter WHERE edition = ? AND letter = ?`, values(edition, letter), &data)
		if err == nil && !found {
			return fmt.Errorf("%w: %s of %s", delivery.ErrNotFound, letter, edition)
		}
		return err
	})
	return data, err
}
