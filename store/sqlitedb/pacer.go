package sqlitedb

import (
	"context"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// Take implements delivery.Pacer by the generic cell rate algorithm: of a group
// it keeps one number, the moment at which its budget is whole again.
func (db *DB) Take(ctx context.Context, g delivery.Group, b delivery.Budget, n int) (granted int, wait time.Duration, err error) {
	if b.PerMinute <= 0 || n <= 0 {
		return max(n, 0), 0, nil
	}
	err = db.write(ctx, "take from the budget of "+string(g), func(t *tx) error {
		var due int64
		if _, err := t.row(`SELECT due_us FROM pace WHERE grp = ?`, values(g), &due); err != nil {
			return err
		}
		kept := due
		granted, wait, due = spend(b, n, due, t.now.UnixMicro())
		if granted == 0 && due >= kept {
			return nil
		}
		_, err := t.exec(`INSERT OR REPLACE INTO pace VALUES (?, ?)`, g, due)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return granted, wait, nil
}

// GiveBack implements delivery.Pacer.
func (db *DB) GiveBack(ctx context.Context, g delivery.Group, b delivery.Budget, n int) error {
	if b.PerMinute <= 0 || n <= 0 {
		return nil
	}
	return db.write(ctx, "give back to the budget of "+string(g), func(t *tx) error {
		_, err := t.exec(`UPDATE pace SET due_us = due_us - ? WHERE grp = ?`, each(b)*int64(n), g)
		return err
	})
}

// each is how long a message takes from a budget, rounded up: never faster than
// allowed.
func each(b delivery.Budget) int64 {
	return (time.Minute.Microseconds() + int64(b.PerMinute) - 1) / int64(b.PerMinute)
}

// Occupy implements delivery.Pacer.
func (db *DB) Occupy(ctx context.Context, s delivery.Share) (held int, err error) {
	err = db.write(ctx, "take places of "+string(s.Group), func(t *tx) error {
		if _, err := t.exec(`DELETE FROM place WHERE grp = ? AND (holder = ? OR until_ms <= ?)`,
			s.Group, s.Holder, t.now.UnixMilli()); err != nil {
			return err
		}
		var others int
		if _, err := t.row(`SELECT coalesce(sum(held), 0) FROM place WHERE grp = ?`, values(s.Group), &others); err != nil {
			return err
		}
		if held = max(min(s.Want, s.Most-others), 0); held == 0 {
			return nil
		}
		_, err := t.exec(`INSERT INTO place VALUES (?, ?, ?, ?)`, s.Group, s.Holder, held, t.now.Add(s.TTL).UnixMilli())
		return err
	})
	if err != nil {
		return 0, err
	}
	return held, nil
}

// Brakes implements delivery.Pacer.
func (db *DB) Brakes(ctx context.Context) (all []delivery.Brake, err error) {
	err = db.read(ctx, "read brakes", func(t *tx) error {
		all = nil
		return t.rows(`SELECT relay, grp, version, brake FROM brake`, nil, func(scan func(...any) error) error {
			var relay, group, data string
			var version int64
			if err := scan(&relay, &group, &version, &data); err != nil {
				return err
			}
			b, err := delivery.DecodeBrake(relay, delivery.Group(group), data)
			b.Version = version
			all = append(all, b)
			return err
		})
	})
	return all, err
}

// SetBrake implements delivery.Pacer.
func (db *DB) SetBrake(ctx context.Context, b delivery.Brake) (kept bool, err error) {
	data, err := delivery.EncodeBrake(b)
	if err != nil {
		return false, err
	}
	err = db.write(ctx, "keep a brake of "+string(b.Group), func(t *tx) error {
		var version int64
		if _, err := t.row(`SELECT version FROM brake WHERE relay = ? AND grp = ?`, values(b.Relay, b.Group), &version); err != nil {
			return err
		}
		if kept = version == b.Version; !kept {
			return nil
		}
		if b.Stage == delivery.Off {
			_, err := t.exec(`DELETE FROM brake WHERE relay = ? AND grp = ?`, b.Relay, b.Group)
			return err
		}
		_, err := t.exec(`INSERT OR REPLACE INTO brake VALUES (?, ?, ?, ?)`, b.Relay, b.Group, version+1, data)
		return err
	})
	return kept && err == nil, err
}

// spend grants up to n of a budget that is whole again at due. Times are in
// microseconds.
func spend(b delivery.Budget, n int, due, now int64) (granted int, wait time.Duration, newDue int64) {
	each := each(b)
	whole := each * int64(max(b.Burst, 1))
	due = min(max(due, now), now+whole) // a clock that was set back stops no group for long
	free := (now + whole - due) / each
	granted = int(min(max(free, 0), int64(n)))
	due += each * int64(granted)
	if granted < n {
		wait = max(time.Duration(due+each-whole-now)*time.Microsecond, time.Millisecond)
	}
	return granted, wait, due
}
