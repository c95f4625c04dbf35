package sqlitedb

import (
	"context"
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
)

// PutLetter implements delivery.Planning.
func (db *DB) PutLetter(ctx context.Context, edition, letter string, data []byte, brings ...digest.Brought) error {
	return db.write(ctx, "keep a letter", func(t *tx) error {
		n, err := t.exec(`INSERT INTO letter VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, edition, letter, blob(data))
		if err != nil || n == 0 || len(brings) == 0 {
			return err
		}
		_, err = t.exec(`INSERT INTO brought VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, edition, letter, delivery.EncodeBrought(brings))
		return err
	})
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
