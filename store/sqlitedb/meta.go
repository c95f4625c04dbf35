package sqlitedb

import "context"

// Fingerprint remembers the key ring's fingerprint that it is given first, and
// returns the remembered one ever after.
func (db *DB) Fingerprint(ctx context.Context, have string) (stored string, err error) {
	err = db.write(ctx, "remember the fingerprint", func(t *tx) error {
		if _, err := t.exec(`INSERT OR IGNORE INTO meta VALUES ('fingerprint', ?)`, have); err != nil {
			return err
		}
		_, err := t.row(`SELECT value FROM meta WHERE key = 'fingerprint'`, nil, &stored)
		return err
	})
	return stored, err
}
