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
		granted, wait, due = spend(b, n, due, t.now.UnixMicro())
		if granted == 0 {
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

// spend grants up to n of a budget that is whole again at due. Times are in
// microseconds.
func spend(b delivery.Budget, n int, due, now int64) (granted int, wait time.Duration, newDue int64) {
	minute := time.Minute.Microseconds()
	each := (minute + int64(b.PerMinute) - 1) / int64(b.PerMinute) // up: never faster than allowed
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
