package redisdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// Take implements delivery.Pacer.
func (db *DB) Take(ctx context.Context, g delivery.Group, b delivery.Budget, n int) (granted int, wait time.Duration, err error) {
	if b.PerMinute <= 0 || n <= 0 {
		return max(n, 0), 0, nil
	}
	return db.spend(ctx, g, b, n)
}

// GiveBack implements delivery.Pacer.
func (db *DB) GiveBack(ctx context.Context, g delivery.Group, b delivery.Budget, n int) error {
	if b.PerMinute <= 0 || n <= 0 {
		return nil
	}
	_, _, err := db.spend(ctx, g, b, -n)
	return err
}

func (db *DB) spend(ctx context.Context, g delivery.Group, b delivery.Budget, n int) (granted int, wait time.Duration, err error) {
	each := float64(time.Minute/time.Millisecond) / float64(b.PerMinute)
	answers, err := db.run(ctx, scriptPace, call{
		[]string{db.keys.pace(g)}, []any{db.clock(), each, max(b.Burst, 1), n},
	})
	if err != nil {
		return 0, 0, err
	}
	got, err := numbers(answers[0])
	if err != nil {
		return 0, 0, db.fail("pace", err)
	}
	return int(got[0]), time.Duration(got[1]) * time.Millisecond, nil
}

// Occupy implements delivery.Pacer.
func (db *DB) Occupy(ctx context.Context, s delivery.Share) (held int, err error) {
	n, err := db.number(ctx, scriptOccupy, []string{db.keys.places(s.Group)}, db.clock(), s.Holder, s.Want, s.Most, millis(s.TTL))
	return int(n), err
}

// Brakes implements delivery.Pacer.
func (db *DB) Brakes(ctx context.Context) ([]delivery.Brake, error) {
	kept, err := db.rdb.HGetAll(ctx, db.keys.brakes()).Result()
	if err != nil {
		return nil, db.fail("read brakes", err)
	}
	var all []delivery.Brake
	for field, value := range kept {
		group, relay, _ := strings.Cut(field, "|")
		version, data, _ := strings.Cut(value, " ")
		b, err := delivery.DecodeBrake(relay, delivery.Group(group), data)
		if err == nil {
			b.Version, err = strconv.ParseInt(version, 10, 64)
		}
		if err != nil {
			return nil, db.fail("read brakes", fmt.Errorf("%s: %w", field, err))
		}
		all = append(all, b)
	}
	return all, nil
}

// SetBrake implements delivery.Pacer.
func (db *DB) SetBrake(ctx context.Context, b delivery.Brake) (bool, error) {
	data, err := "", error(nil)
	if b.Stage != delivery.Off {
		if data, err = delivery.EncodeBrake(b); err != nil {
			return false, err
		}
	}
	n, err := db.number(ctx, scriptBrake, []string{db.keys.brakes()}, string(b.Group)+"|"+b.Relay, b.Version, data)
	return n == 1, err
}
