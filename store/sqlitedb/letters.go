package sqlitedb

import (
	"context"
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
)

// PutLetter implements delivery.Planning.
func (db *DB) PutLetter(ctx context.Context, edition, letter string, data []byte) error {
	return db.write(ctx, "keep a letter", func(t *tx) error {
		if data == nil {
			data = []byte{} // nil is NULL
		}
		_, err := t.exec(`INSERT INTO letter VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, edition, letter, data)
		return err
	})
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
