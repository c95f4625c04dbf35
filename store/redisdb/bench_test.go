package redisdb_test

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/subscribers"
)

// crowd is how many subscribers the benchmarks have: large enough that every
// index has left its compact form.
const crowd = 200_000

// benchStore is a store with a crowd, and what the server's memory was before
// and after it came.
func benchStore(b *testing.B) (*redisdb.DB, *redistest.Server) {
	b.Helper()
	server := redistest.Start(b)
	db, err := redisdb.Open(b.Context(), redisdb.Options{URL: server.URL()})
	check(b, "Open", err)
	b.Cleanup(func() { check(b, "Shutdown", db.Shutdown()) })
	before := memory(b, server)
	var group errgroup.Group
	for w := range 8 {
		group.Go(func() error {
			for n := w; n < crowd; n += 8 {
				if err := db.Save(b.Context(), reader(n), subscribers.NoNotice); err != nil {
					return err
				}
			}
			return nil
		})
	}
	check(b, "Save", group.Wait())
	b.ReportMetric(float64(memory(b, server)-before)/crowd, "B/subscriber")
	return db, server
}

func memory(b *testing.B, server *redistest.Server) int {
	b.Helper()
	n, err := strconv.Atoi(server.Info("memory")["used_memory"])
	check(b, "used_memory", err)
	return n
}

// serverTime is the processor time that the server has used: what bounds the
// rate, whatever else the machine does.
func serverTime(b *testing.B, server *redistest.Server) time.Duration {
	b.Helper()
	info := server.Info("cpu")
	var sum float64
	for _, field := range []string{"used_cpu_user", "used_cpu_sys"} {
		seconds, err := strconv.ParseFloat(info[field], 64)
		check(b, field, err)
		sum += seconds
	}
	return time.Duration(sum * float64(time.Second))
}

// planCrowd plans an edition up to a mark with four planners.
func planCrowd(b *testing.B, db *redisdb.DB, mark int64) delivery.Edition {
	b.Helper()
	e := daily()
	e.Mark = mark
	e.ID = delivery.EditionID(e.Cadence, e.Slot, mark)
	e.Scheduled = false
	e, err := db.Open(b.Context(), e)
	check(b, "Open", err)
	var queued atomic.Int64
	var group errgroup.Group
	group.SetLimit(4)
	for part := range db.Parts() {
		group.Go(func() error {
			n, err := planPart(b.Context(), db, e, part)
			queued.Add(int64(n))
			return err
		})
	}
	check(b, "plan", group.Wait())
	check(b, "Close", db.Close(b.Context(), e.ID))
	if queued.Load() != crowd {
		b.Fatalf("planned %d, want %d", queued.Load(), crowd)
	}
	return e
}

func BenchmarkPlan(b *testing.B) {
	db, server := benchStore(b)
	planCrowd(b, db, 1) // the first one makes each record a little longer
	before, mark := memory(b, server), int64(1)
	begin, used := time.Now(), serverTime(b, server)
	for b.Loop() {
		mark++
		planCrowd(b, db, mark)
	}
	n := float64(b.N) * crowd
	b.ReportMetric(n/time.Since(begin).Seconds(), "planned/s")
	b.ReportMetric(float64((serverTime(b, server)-used).Microseconds())/n, "server-µs/delivery")
	b.ReportMetric(float64(memory(b, server)-before)/n, "B/delivery")
}

// BenchmarkSend leases, begins and finishes in groups of 100, by so many
// workers.
func BenchmarkSend(b *testing.B) {
	for _, workers := range []int{1, 4} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			db, server := benchStore(b)
			mark := int64(1)
			var spent, used time.Duration
			for b.Loop() {
				mark++
				planCrowd(b, db, mark)
				begin, before := time.Now(), serverTime(b, server)
				sendCrowd(b, db, workers)
				spent += time.Since(begin)
				used += serverTime(b, server) - before
			}
			b.ReportMetric(float64(b.N)*crowd/spent.Seconds(), "sent/s")
			b.ReportMetric(float64(used.Microseconds())/float64(b.N)/crowd, "server-µs/delivery")
		})
	}
}

func sendCrowd(b *testing.B, db *redisdb.DB, workers int) {
	b.Helper()
	var sent atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				n, err := sendRound(b, db)
				if err != nil {
					b.Error(err)
					return
				}
				if n == 0 {
					return
				}
				sent.Add(int64(n))
			}
		})
	}
	group.Wait()
	if sent.Load() != crowd {
		b.Fatalf("sent %d, want %d", sent.Load(), crowd)
	}
}

// sendRound takes 100 from each queue, as a worker does.
func sendRound(b *testing.B, db *redisdb.DB) (sent int, err error) {
	work, _, err := db.Work(b.Context())
	if err != nil {
		return 0, err
	}
	for _, w := range work {
		leased, err := db.Lease(b.Context(), w, 100, time.Minute)
		if err != nil {
			return sent, err
		}
		if _, err := db.Turn(b.Context(), nil, leased); err != nil {
			return sent, err
		}
		if err := finish(b.Context(), db, results(leased, delivery.Sent)); err != nil {
			return sent, err
		}
		sent += len(leased)
	}
	return sent, nil
}

// BenchmarkLasting is what it costs that a replica has a step before it is
// answered, for one after the other and for many at once.
func BenchmarkLasting(b *testing.B) {
	for _, server := range []struct {
		name string
		url  func() string
	}{
		{"alone", func() string { return redistest.Start(b).URL() }},
		{"replica", func() string { return redistest.StartSentinels(b).URL() }},
	} {
		db, err := redisdb.Open(b.Context(), redisdb.Options{URL: server.url()})
		check(b, "Open", err)
		b.Cleanup(func() { check(b, "Shutdown", db.Shutdown()) })
		var n atomic.Int64
		b.Run(server.name+"/one", func(b *testing.B) {
			for b.Loop() {
				check(b, "Save", db.Save(b.Context(), reader(int(n.Add(1))), subscribers.NoNotice))
			}
		})
		b.Run(server.name+"/many", func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := db.Save(b.Context(), reader(int(n.Add(1))), subscribers.NoNotice); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
