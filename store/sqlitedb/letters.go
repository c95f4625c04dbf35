package sqlitedb

import (
	"context"
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
	done            chan error
}

// maxPosted is how many letters one transaction keeps.
const maxPosted = 100

// PutLetter implements delivery.Planning.
func (db *DB) PutLetter(ctx context.Context, edition, letter string, data []byte, brings ...digest.Brought) error {
	p := &posted{edition, letter, data, brings, make(chan error, 1)}
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
			p.done <- err
		}
	}
}

func (t *tx) keepLetter(p *posted) error {
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
