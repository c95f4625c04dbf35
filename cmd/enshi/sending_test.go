package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/enshi-daily/enshi/config"
	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestSending runs what an operator does when mails go out, as scripts, on each
// store and against a real mail server. The scripts' own commands are below.
func TestSending(t *testing.T) {
	for _, store := range []string{"sqlite", "redis"} {
		t.Run(store, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: filepath.Join("testdata", "sending"),
				Setup: func(e *testscript.Env) error {
					tb := e.T().(testing.TB)
					s := &stage{tb: tb, smtp: smtptest.Start(tb), held: make(chan struct{})}
					e.Values[stageKey{}] = s
					e.Setenv("ENSHI_SMTP", s.smtp.URL())
					e.Setenv("ENSHI_STORE", "sqlite:"+filepath.Join(e.WorkDir, "data", "enshi.db"))
					if store == "redis" {
						e.Setenv("ENSHI_STORE", redistest.Start(tb).URL())
					}
					e.Setenv("ADDR", s.smtp.Addr())
					return os.WriteFile(filepath.Join(e.WorkDir, "enshi.yaml"), []byte(sendingConfig), 0o644)
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"code": code, "post": writePost, "edition": latestEdition, "smtp": controlSMTP, "mark": markDelivery, "begin": beginEdition, "pauses": endPauses, "waits": waitsFor,
				},
			})
		})
	}
}

const sendingConfig = "site: {dir: site}\ndata: data\nsettle: 0s\ndigest: {quiet: 0s}\nmail: {retry: 1s}\n"

// stage is what a script's commands share.
type stage struct {
	tb   testing.TB
	smtp *smtptest.Server
	held chan struct{} // answers wait for it
}

type stageKey struct{}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

// code N COMMAND… demands an exit code.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND ARGUMENT…")
	}
	got, err := 0, ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// post NAME TITLE TAG writes a post of a minute ago.
func writePost(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: post NAME TITLE TAG")
	}
	at := time.Now().Add(-time.Minute)
	path := ts.MkAbs(filepath.Join("site", "_posts", at.Format(time.DateOnly)+"-"+args[0]+".md"))
	ts.Check(os.WriteFile(path, fmt.Appendf(nil, "---\ntitle: %q\ndate: %s\ntags: %s\n---\n<p>今年的收成好。</p>\n",
		args[1], at.Format("2006-01-02 15:04:05 -0700"), args[2]), 0o644))
}

// ledger opens the script's store as another process would.
func openLedger(ts *testscript.TestScript) *parts {
	p, err := ledgerOf(ts.MkAbs("data"), ts.Getenv("ENSHI_STORE"))
	ts.Check(err)
	return p
}

// ledgerOf opens a store as another process would; "" is SQLite below data.
func ledgerOf(data, store string) (*parts, error) {
	cfg := config.Default()
	cfg.Data, cfg.Store = data, config.NewURL(store)
	p := &parts{cfg: cfg, now: time.Now, log: newLogger(&bytes.Buffer{}, cfg.Log, true)}
	return p, p.openStore(context.Background())
}

// edition NAME puts the ID of the latest edition with anybody in it into $NAME.
func latestEdition(ts *testscript.TestScript, neg bool, args []string) {
	p := openLedger(ts)
	defer p.close()
	editions, err := p.store.Editions(context.Background(), 20)
	ts.Check(err)
	for _, e := range editions {
		counts, err := p.store.Counts(context.Background(), e.ID)
		ts.Check(err)
		if counts.Total() > 0 {
			ts.Setenv(args[0], e.ID)
			return
		}
	}
	ts.Fatalf("no edition with anybody in it")
}

// waits EDITION ADDRESS TIME demands that the delivery is tried again after so
// long, give or take a fifth.
func waitsFor(ts *testscript.TestScript, neg bool, args []string) {
	p := openLedger(ts)
	defer p.close()
	want, err := time.ParseDuration(args[2])
	ts.Check(err)
	found, err := p.store.DeliveriesTo(context.Background(), p.keys.ID(subscribers.Address(args[1])), args[0])
	ts.Check(err)
	if len(found) != 1 || found[0].State != delivery.Retry {
		ts.Fatalf("deliveries of %s to %s: %+v, want one that waits", args[0], args[1], found)
	}
	left := time.Until(found[0].At)
	if left > want*6/5 || left < want*4/5-time.Minute {
		ts.Fatalf("the delivery to %s is tried again in %s, want about %s", args[1], left, want)
	}
}

// mark EDITION STATE ADDRESS lets the delivery to an address, once its time has
// come, end in a state.
func markDelivery(ts *testscript.TestScript, neg bool, args []string) {
	p := openLedger(ts)
	defer p.close()
	ctx, id := context.Background(), p.keys.ID(subscribers.Address(args[2]))
	found, err := p.store.DeliveriesTo(ctx, id, args[0])
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s has %d deliveries to %s", args[0], len(found), args[2])
	}
	work := delivery.Work{Edition: args[0], Group: found[0].Group}
	for deadline := time.Now().Add(30 * time.Second); !markLeased(ts, p, work, id, delivery.State(args[1])); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("the delivery to %s cannot be leased", args[2])
		}
	}
}

// markLeased leases what is ready and gives it back, all but the one to mark.
func markLeased(ts *testscript.TestScript, p *parts, work delivery.Work, id subscribers.ID, state delivery.State) (marked bool) {
	ctx := context.Background()
	leased, err := p.store.Lease(ctx, work, 100, time.Minute)
	ts.Check(err)
	var results []delivery.Result
	for _, d := range leased {
		r := delivery.Result{Delivery: d, State: delivery.Queued}
		if d.Subscriber == id {
			permits, err := p.store.Turn(ctx, nil, []delivery.Delivery{d})
			ts.Check(err)
			marked = permits[0] == delivery.Go
			r.State, r.Reply = state, "marked by the test"
		}
		results = append(results, r)
	}
	_, err = p.store.Turn(ctx, results, nil)
	ts.Check(err)
	return marked
}

// begin CADENCE opens an edition and plans nobody, as a planner that is killed
// at once.
func beginEdition(ts *testscript.TestScript, neg bool, args []string) {
	p := openLedger(ts)
	defer p.close()
	head, err := p.store.Head(context.Background())
	ts.Check(err)
	now, cadence := time.Now(), subscribers.Cadence(args[0])
	_, err = p.store.Open(context.Background(), delivery.Edition{
		ID: delivery.EditionID(cadence, now, head), Cadence: cadence, Mark: head, Slot: now, Opened: now})
	ts.Check(err)
}

// pauses over ends the time of every pause that a provider asked for.
func endPauses(ts *testscript.TestScript, neg bool, args []string) {
	p := openLedger(ts)
	defer p.close()
	brakes, err := p.store.Brakes(context.Background())
	ts.Check(err)
	for _, b := range brakes {
		b.Until = time.Now()
		set, err := p.store.SetBrake(context.Background(), b)
		ts.Check(err)
		if !set {
			ts.Fatalf("the brake of %s was changed meanwhile", b.Group)
		}
	}
	if len(brakes) == 0 {
		ts.Fatalf("no provider asked for a pause")
	}
}

// controlSMTP is the command smtp, which tells the server what to do and asks
// what it got.
func controlSMTP(ts *testscript.TestScript, neg bool, args []string) {
	s := stageOf(ts)
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch arg(0) {
	case "answer": // STEP CODE TEXT [ADDRESS, or @DOMAIN]
		n, err := strconv.Atoi(arg(2))
		ts.Check(err)
		s.reply(arg(1), arg(4), smtptest.Answer{Code: n, Text: arg(3)})
	case "drop": // STEP [ADDRESS]
		s.reply(arg(1), arg(2), smtptest.Answer{Drop: true})
	case "hold": // STEP
		s.reply(arg(1), "", smtptest.Answer{Wait: s.held})
	case "release":
		s.smtp.Reply(nil)
		close(s.held)
		s.held = make(chan struct{})
	case "reset":
		s.smtp.Reply(nil)
	case "await": // STEP N
		n, err := strconv.Atoi(arg(2))
		ts.Check(err)
		for deadline := time.Now().Add(30 * time.Second); s.smtp.Steps(arg(1)) < n; <-time.After(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				ts.Fatalf("waited in vain for %s %d times", arg(1), n)
			}
		}
	case "mails": // N [ADDRESS [WORDS]]
		if got := len(s.mails(ts, arg(2), arg(3))); strconv.Itoa(got) != arg(1) {
			ts.Fatalf("%d mails to %q with %q, want %s", got, arg(2), arg(3), arg(1))
		}
	case "show": // ADDRESS FILE
		var all bytes.Buffer
		for _, m := range s.mails(ts, arg(1), "") {
			l := read(s.tb, m.Data)
			fmt.Fprintf(&all, "from %s\n%s\n\n%s\n%s\n", m.From, m.Data[:bytes.Index(m.Data, []byte("\r\n\r\n"))], l.subject, l.text)
		}
		ts.Check(os.WriteFile(ts.MkAbs(arg(2)), bytes.ReplaceAll(all.Bytes(), []byte("\r\n"), []byte("\n")), 0o644))
	default:
		ts.Fatalf("smtp %s: no such command", arg(0))
	}
}

func (s *stage) reply(step, address string, a smtptest.Answer) {
	s.smtp.Reply(func(at, arg string) *smtptest.Answer {
		if at == step && (address == "" || arg == address || address[0] == '@' && strings.HasSuffix(arg, address)) {
			return &a
		}
		return nil
	})
}

// mails are those to an address, "" for all, with words in subject or text.
func (s *stage) mails(ts *testscript.TestScript, address, words string) []smtptest.Message {
	var found []smtptest.Message
	for _, m := range s.smtp.Messages() {
		if address != "" && m.To != address {
			continue
		}
		l := read(s.tb, m.Data)
		if strings.Contains(l.subject+l.text, words) {
			found = append(found, m)
		}
	}
	return found
}
