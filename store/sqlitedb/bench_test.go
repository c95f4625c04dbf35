package sqlitedb

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// newCrowd returns a store with n active daily subscribers.
func newCrowd(tb testing.TB, n int) *DB {
	tb.Helper()
	db, err := Open(Options{Path: filepath.Join(tb.TempDir(), "enshi.db")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Shutdown(); err != nil {
			tb.Error(err)
		}
	})
	for from := 0; from < n; from += 5000 {
		err := db.write(tb.Context(), "seed", func(t *tx) error {
			for i := from; i < min(from+5000, n); i++ {
				if err := t.put(reader(i), 1); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return db
}

func reader(i int) subscribers.Subscriber {
	created := time.Date(2026, 11, 24, 0, 0, i%86400, 0, time.UTC)
	return subscribers.Subscriber{
		ID:      subscribers.ID(fmt.Sprintf("%012x", uint64(i)*0x9E3779B97F4A7C15>>16)),
		Address: subscribers.Address(fmt.Sprintf("reader%d@example.org", i)), State: subscribers.Active,
		Topics:  []posts.Topic{posts.Category("enshiribao"), posts.Tag("恩施日报新闻"), posts.Tag("要闻")},
		Cadence: subscribers.Daily, Language: subscribers.Chinese, Consent: "double opt-in",
		Created: created, Confirmed: created, Changed: created,
	}
}

// plan works through an edition in batches and returns the longest step.
func plan(tb testing.TB, db *DB, mark int64, batch int) (e delivery.Edition, longest time.Duration) {
	tb.Helper()
	ctx := tb.Context()
	e, err := db.Open(ctx, delivery.Edition{
		ID: fmt.Sprintf("daily-20261124-%d", mark), Cadence: subscribers.Daily, Mark: mark, Opened: time.Unix(mark, 0),
	})
	if err != nil {
		tb.Fatal(err)
	}
	for after := subscribers.ID(""); ; {
		found, err := db.Candidates(ctx, e, 0, after, batch)
		if err != nil {
			tb.Fatal(err)
		}
		if len(found) == 0 {
			break
		}
		choices := make([]delivery.Choice, len(found))
		for i, c := range found {
			after = c.Subscriber.ID
			choices[i] = delivery.Choice{
				Subscriber: after, Version: c.Subscriber.Version, Cursor: c.Subscriber.Cursor,
				Letter: "bJ3kd9xQpL0w", Group: "other",
			}
		}
		began := time.Now()
		if _, err := db.Plan(ctx, e, 0, choices); err != nil {
			tb.Fatal(err)
		}
		longest = max(longest, time.Since(began))
	}
	if err := db.Close(ctx, e.ID); err != nil {
		tb.Fatal(err)
	}
	return e, longest
}

func BenchmarkPlan(b *testing.B) {
	const crowd = 200_000
	for _, batch := range []int{500, 1000, 2000, 5000} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			db := newCrowd(b, crowd)
			mark, longest := int64(0), time.Duration(0)
			for b.Loop() {
				mark++
				_, step := plan(b, db, mark, batch)
				longest = max(longest, step)
			}
			b.ReportMetric(float64(crowd*b.N)/b.Elapsed().Seconds(), "subscribers/s")
			b.ReportMetric(float64(longest.Milliseconds()), "ms/longest")
		})
	}
}

func BenchmarkLeaseBeginFinish(b *testing.B) {
	const crowd = 20_000
	db := newCrowd(b, crowd)
	mark := int64(0)
	for b.Loop() {
		b.StopTimer()
		mark++
		e, _ := plan(b, db, mark, 1000)
		b.StartTimer()
		if sent := send(b, db, delivery.Work{Edition: e.ID, Group: "other"}, 100); sent != crowd {
			b.Fatalf("sent %d of %d", sent, crowd)
		}
	}
	b.ReportMetric(float64(crowd*b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

// send works off an edition in groups and returns how many it sent.
func send(tb testing.TB, db *DB, w delivery.Work, group int) (sent int) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	for {
		leased, err := db.Lease(ctx, w, group, time.Minute)
		if err != nil {
			tb.Fatal(err)
		}
		if len(leased) == 0 {
			return sent
		}
		if _, err := db.Turn(ctx, nil, leased); err != nil {
			tb.Fatal(err)
		}
		results := make([]delivery.Result, len(leased))
		for i, d := range leased {
			results[i] = delivery.Result{Delivery: d, State: delivery.Sent, Reply: "250 2.0.0 Ok: queued as 4Xy"}
		}
		if err := finish(ctx, db, results); err != nil {
			tb.Fatal(err)
		}
		sent += len(leased)
	}
}

func BenchmarkWork(b *testing.B) {
	db := newCrowd(b, 200_000)
	plan(b, db, 1, 2000)
	for b.Loop() {
		if _, _, err := db.Work(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCounts(b *testing.B) {
	db := newCrowd(b, 200_000)
	e, _ := plan(b, db, 1, 2000)
	for b.Loop() {
		if _, err := db.Counts(b.Context(), e.ID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSave(b *testing.B) {
	db := newCrowd(b, 0)
	for i := 0; b.Loop(); i++ {
		if err := db.Save(b.Context(), reader(i), subscribers.NoNotice); err != nil {
			b.Fatal(err)
		}
	}
}

// finish records results and begins nothing.
func finish(ctx context.Context, db *DB, results []delivery.Result) error {
	_, err := db.Turn(ctx, results, nil)
	return err
}
