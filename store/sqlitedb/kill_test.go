package sqlitedb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
)

// childVariable makes the test binary a planner that never ends, of the store
// that it names.
const childVariable = "ENSHI_TEST_PLANNER"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		fmt.Fprintln(os.Stderr, planForever(context.Background(), path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// planForever opens one edition after the other and plans it, with a line on
// standard output after each batch.
func planForever(ctx context.Context, path string) error {
	db, err := sqlitedb.Open(sqlitedb.Options{Path: path})
	if err != nil {
		return err
	}
	defer db.Shutdown()
	for {
		latest, err := db.Editions(ctx, 1)
		if err != nil {
			return err
		}
		mark := int64(1)
		if len(latest) > 0 {
			mark = latest[0].Mark + 1
		}
		e, err := db.Open(ctx, edition(mark)) // the one that a killed planner left, if there is one
		if err != nil {
			return err
		}
		if err := planAll(ctx, db, e); err != nil {
			return err
		}
		if err := db.Close(ctx, e.ID); err != nil {
			return err
		}
	}
}

func edition(mark int64) delivery.Edition {
	return delivery.Edition{
		ID: fmt.Sprintf("daily-20261124-%d", mark), Cadence: subscribers.Daily, Mark: mark,
		Slot: time.Unix(mark, 0), Opened: time.Unix(mark, 0),
	}
}

func planAll(ctx context.Context, db *sqlitedb.DB, e delivery.Edition) error {
	for after := subscribers.ID(""); ; {
		found, err := db.Candidates(ctx, e, 0, after, 20)
		if err != nil || len(found) == 0 {
			return err
		}
		choices := make([]delivery.Choice, len(found))
		for i, c := range found {
			after = c.Subscriber.ID
			choices[i] = delivery.Choice{
				Subscriber: after, Version: c.Subscriber.Version, Cursor: c.Subscriber.Cursor, Letter: "letter", Group: "other",
			}
		}
		if _, err := db.Plan(ctx, e, 0, choices); err != nil {
			return err
		}
		fmt.Println("planned", e.ID)
	}
}

// startPlanner runs planForever in another process.
func startPlanner(t *testing.T, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(os.Environ(), childVariable+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return child, bufio.NewScanner(out)
}

// kill ends a planner as a power cut of the process would.
func kill(t *testing.T, child *exec.Cmd) {
	t.Helper()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := child.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the planner ended by itself: %v", err)
	}
}

func TestKilledPlannerLeavesEverybodyPlannedOnceOrNotAtAll(t *testing.T) {
	const crowd, kills = 400, 10
	path := filepath.Join(t.TempDir(), "enshi.db")
	db := open(t, path, nil)
	for n := range crowd {
		save(t, db, reader(n))
	}
	random := rand.New(rand.NewPCG(3, 1))
	half := 0
	for range kills {
		child, lines := startPlanner(t, path)
		for range 1 + random.IntN(2*crowd/20) {
			if !lines.Scan() {
				t.Fatalf("the planner ended early: %v", child.Wait())
			}
		}
		kill(t, child)
		if checkLedger(t, db, crowd) {
			half++
		}
	}
	if half == 0 {
		t.Error("no kill hit the middle of an edition")
	}
	t.Logf("%d of %d kills hit the middle of an edition", half, kills)
}

// checkLedger demands that every edition but the last has everybody, and the
// last exactly those whose cursor is at its mark. It says whether that was some.
func checkLedger(t *testing.T, db *sqlitedb.DB, crowd int) (half bool) {
	t.Helper()
	ctx := t.Context()
	all, err := db.Editions(ctx, 1000)
	if err != nil || len(all) == 0 {
		t.Fatalf("Editions = %d, %v", len(all), err)
	}
	reached := make(map[subscribers.ID]bool)
	for s, err := range db.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Cursor != all[0].Mark && s.Cursor != all[0].Mark-1 {
			t.Fatalf("cursor of %s = %d at edition %s", s.ID, s.Cursor, all[0].ID)
		}
		reached[s.ID] = s.Cursor == all[0].Mark
	}
	for i, e := range all {
		n := 0
		for d, err := range db.Deliveries(ctx, e.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; i == 0 && !reached[d.Subscriber] {
				t.Fatalf("%s has a delivery of %s and not its cursor", d.Subscriber, e.ID)
			}
		}
		counts, err := db.Counts(ctx, e.ID)
		if err != nil || counts.Total() != n {
			t.Fatalf("Counts(%s) = %v, %v; want %d in all", e.ID, counts, err, n)
		}
		want := crowd
		if i == 0 {
			want = 0
			for _, at := range reached {
				if at {
					want++
				}
			}
			half = want > 0 && want < crowd
		}
		if n != want {
			t.Fatalf("%s has %d deliveries, want %d", e.ID, n, want)
		}
	}
	return half
}

// TestSenderIsNotStarvedByAPlanner sends in this process while another one
// plans without a pause.
func TestSenderIsNotStarvedByAPlanner(t *testing.T) {
	const crowd, rounds = 200, 60
	path := filepath.Join(t.TempDir(), "enshi.db")
	db := open(t, path, nil)
	for n := range crowd {
		save(t, db, reader(n))
	}
	child, lines := startPlanner(t, path)
	if !lines.Scan() {
		t.Fatalf("the planner ended early: %v", child.Wait())
	}
	go func() {
		for lines.Scan() { // a full pipe would stop the planner
		}
	}()
	var slowest time.Duration
	sent := 0
	for deadline := time.Now().Add(time.Minute); sent < rounds && time.Now().Before(deadline); {
		began := time.Now()
		sent += sendSome(t, db)
		slowest = max(slowest, time.Since(began))
	}
	kill(t, child)
	if sent < rounds {
		t.Errorf("sent %d while another process planned, want %d", sent, rounds)
	}
	t.Logf("slowest look, lease, begin and finish while another process plans: %v", slowest.Round(time.Millisecond))
	checkLedger(t, db, crowd)
}

// sendSome sends a few deliveries of the oldest edition.
func sendSome(t *testing.T, db *sqlitedb.DB) int {
	t.Helper()
	ctx := t.Context()
	work, _, err := db.Work(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(work) == 0 {
		return 0
	}
	leased, err := db.Lease(ctx, work[0], 4, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Turn(ctx, nil, leased); err != nil {
		t.Fatal(err)
	}
	results := make([]delivery.Result, len(leased))
	for i, d := range leased {
		results[i] = delivery.Result{Delivery: d, State: delivery.Sent}
	}
	if _, err := db.Turn(ctx, results, nil); err != nil {
		t.Fatal(err)
	}
	return len(leased)
}
