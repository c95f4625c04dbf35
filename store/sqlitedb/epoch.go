package sqlitedb

import (
	"context"
	"fmt"
	"strconv"

	"github.com/enshi-daily/enshi/delivery"
)

const (
	tenureQuery = `SELECT value, coalesce((SELECT value FROM meta WHERE key = 'retired'), '') FROM meta WHERE key = 'epoch'`
	keepMeta    = `INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`
)

// Tenure implements delivery.Epochs.
func (db *DB) Tenure(ctx context.Context) (tenure delivery.Tenure, err error) {
	err = db.read(ctx, "read the epoch", func(t *tx) error {
		tenure, err = t.tenure()
		return err
	})
	return tenure, err
}

func (t *tx) tenure() (has delivery.Tenure, err error) {
	var epoch string
	found, err := t.row(tenureQuery, nil, &epoch, &has.Retired)
	if err != nil || !found {
		return delivery.Tenure{}, err
	}
	if has.Epoch, err = strconv.ParseInt(epoch, 10, 64); err != nil {
		return delivery.Tenure{}, fmt.Errorf("stored epoch: %w", err)
	}
	return has, nil
}

// Raise implements delivery.Epochs.
func (db *DB) Raise(ctx context.Context, retired string) (raised delivery.Tenure, err error) {
	err = db.write(ctx, "raise the epoch", func(t *tx) error {
		raised = delivery.Tenure{Epoch: db.tenure.Load().Epoch + 1, Retired: retired}
		if _, err := t.exec(keepMeta, "epoch", strconv.FormatInt(raised.Epoch, 10)); err != nil {
			return err
		}
		_, err := t.exec(keepMeta, "retired", retired)
		return err
	})
	if err != nil {
		return delivery.Tenure{}, err
	}
	db.tenure.Store(&raised)
	return raised, nil
}

// current refuses a step of a process that opened the store in another epoch.
func (db *DB) current(t *tx) error {
	has, err := t.tenure()
	if opened := db.tenure.Load().Epoch; err == nil && has.Epoch != opened {
		return fmt.Errorf("epoch %d, opened in %d: %w", has.Epoch, opened, delivery.ErrOldEpoch)
	}
	return err
}

// sends refuses a step that sends, or leads to it, in a retired store. What is
// found out here stays true: a mark is set and removed by raising the epoch.
func (db *DB) sends(op string) error {
	if why := db.tenure.Load().Retired; why != "" {
		return db.fault(op, fmt.Errorf("%w: %s", delivery.ErrRetired, why))
	}
	return nil
}
