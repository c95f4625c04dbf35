package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/internal/sitetest"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/store/redisdb"
)

// fleet is several machines that share one Redis: real processes with a data
// directory each, the same key ring, and one site that only one of them has.
type fleet struct {
	t     *testing.T
	dir   string
	smtp  *smtptest.Server
	store *redisdb.DB
	all   []*machine
}

// machine is one process.
type machine struct {
	t       *testing.T
	name    string
	process *exec.Cmd
	log     *buffer
	ended   chan error
}

// newFleet starts no machine yet. readers subscribe to instant digests.
func newFleet(t *testing.T, store string, readers int) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), smtp: smtptest.Start(t)}
	shared := fmt.Sprintf("store: %q\npublic_url: https://news.example.com\ndigest: {quiet: 1s}\nmail: {smtp: [%q], from: digest@example.com, lease: 5s, retry: 1s}\nsettle: 0s\n",
		store, f.smtp.URL())
	f.write("with-site.yaml", shared+"site: {dir: site}\n")
	f.write("without-site.yaml", shared+"site: {dir: nowhere, title: 云台日报, url: \"http://news.example.com\", timezone: Asia/Shanghai}\n")
	f.write("site/_config.yml", "title: 云台日报\nurl: http://news.example.com\ntimezone: Asia/Shanghai\n")
	f.post("2026-01-02-jiuwen.md", "旧闻一则", time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC))
	var list strings.Builder
	list.WriteString("email,topics,cadence,language\n")
	for n := range readers {
		fmt.Fprintf(&list, "reader%d@example.com,,instant,\n", n)
	}
	f.write("readers.csv", list.String())
	f.run("with-site.yaml", "watch", "subscribers", "import", "--consent", "test", filepath.Join(f.dir, "readers.csv"))
	db, err := redisdb.Open(t.Context(), redisdb.Options{URL: store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Shutdown() })
	f.store = db
	return f
}

func (f *fleet) write(name, text string) {
	f.t.Helper()
	sitetest.Place(f.t, filepath.Join(f.dir, name), text)
}

func (f *fleet) post(name, title string, at time.Time) {
	f.t.Helper()
	f.write("site/_posts/"+name, fmt.Sprintf("---\ntitle: %s\ndate: %s\n---\n<p>茶农说今年的收成好。</p>\n", title, at.Format("2006-01-02 15:04:05 -0700")))
}

// command is this program as a process of its own, on a machine of that name.
func (f *fleet) command(config, name string, args ...string) *exec.Cmd {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"enshi", "--config", filepath.Join(f.dir, config), "--data", filepath.Join(f.dir, "data-"+name)}, args...)
	cmd.Dir = f.dir
	return cmd
}

// run runs a command to its end.
func (f *fleet) run(config, name string, args ...string) string {
	f.t.Helper()
	out, err := f.command(config, name, args...).CombinedOutput()
	if err != nil {
		f.t.Fatalf("enshi %v on %s: %v\n%s", args, name, err, out)
	}
	return string(out)
}

// join starts serve on a machine, which gets the key ring of the first.
func (f *fleet) join(config, name, roles string) *machine {
	f.t.Helper()
	ring, err := os.ReadFile(filepath.Join(f.dir, "data-watch", "keys.json"))
	if err != nil {
		f.t.Fatal(err)
	}
	f.write("data-"+name+"/keys.json", string(ring))
	m := &machine{t: f.t, name: name, log: &buffer{}, ended: make(chan error, 1)}
	m.process = f.command(config, name, "serve", "--roles", roles, "--listen", "127.0.0.1:0")
	m.process.Stdout, m.process.Stderr = m.log, m.log
	if err := m.process.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() { m.ended <- m.process.Wait() }()
	f.t.Cleanup(func() {
		_ = m.process.Process.Kill()
		if f.t.Failed() {
			f.t.Logf("%s:\n%s", name, m.log.String())
		}
	})
	f.all = append(f.all, m)
	return m
}

// stop ends every machine as an operator would.
func (f *fleet) stop() {
	f.t.Helper()
	for _, m := range f.all {
		if err := m.process.Process.Signal(syscall.SIGTERM); err != nil {
			f.t.Errorf("%s: %v", m.name, err)
		}
	}
	for _, m := range f.all {
		select {
		case err := <-m.ended:
			if err != nil {
				f.t.Errorf("%s ended with %v after SIGTERM", m.name, err)
			}
		case <-time.After(30 * time.Second):
			f.t.Errorf("%s does not end after SIGTERM", m.name)
		}
	}
}

func (f *fleet) await(what string, done func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// latest is the latest edition that has deliveries; false while there is none,
// or the store does not answer.
func (f *fleet) latest() (delivery.Edition, delivery.Counts, bool) {
	editions, err := f.store.Editions(f.t.Context(), 1)
	if err != nil || len(editions) == 0 {
		return delivery.Edition{}, nil, false
	}
	counts, err := f.store.Counts(f.t.Context(), editions[0].ID)
	return editions[0], counts, err == nil
}

// account demands that everybody is accounted for, and that the server has a
// copy for each who counts as sent, and a second one only of who was uncertain.
func (f *fleet) account(readers int) {
	f.t.Helper()
	e, counts, ok := f.latest()
	if !ok || e.Stage != delivery.StageFinished || counts.Total() != readers || counts[delivery.Sent]+counts[delivery.Uncertain] != readers {
		f.t.Errorf("edition %s is %s with %v, want %d sent in the end", e.ID, e.Stage, counts, readers)
	}
	copies := make(map[string]int)
	for _, m := range f.smtp.Messages() {
		copies[m.To]++
	}
	lost, second, unnamed, doubts := 0, 0, 0, 0
	for d, err := range f.store.Deliveries(f.t.Context(), e.ID) {
		if err != nil {
			f.t.Fatal(err)
		}
		doubts += d.Doubts
		s, err := f.store.Subscriber(f.t.Context(), d.Subscriber)
		if err != nil {
			f.t.Fatal(err)
		}
		switch n := copies[string(s.Address)]; {
		case n == 0 && d.State == delivery.Sent:
			lost++
		case n > 1+d.Doubts:
			unnamed++
		case n > 1:
			second++
		}
	}
	f.t.Logf("%d readers: %v, %d doubts, %d second copies", readers, counts, doubts, second)
	if lost > 0 || unnamed > 0 {
		f.t.Errorf("%d count as sent and got nothing; %d got more copies than were uncertain", lost, unnamed)
	}
}

// TestRoles shares the work among seven processes on one Redis, of which only
// one has the site.
func TestRoles(t *testing.T) {
	const readers = 300
	server := redistest.Start(t).URL()
	f := newFleet(t, server, readers)
	f.join("with-site.yaml", "watch", "watch")
	for n := range 2 {
		f.join("without-site.yaml", fmt.Sprintf("plan%d", n), "plan")
	}
	for n := range 4 {
		f.join("without-site.yaml", fmt.Sprintf("send%d", n), "send")
	}
	f.await("the first scan", func() bool { return strings.Contains(f.all[0].log.String(), "feeds published") })
	f.post(time.Now().Format("2006-01-02")+"-xincha.md", "新茶上市", time.Now().Add(-time.Minute))
	f.await("everybody's mail", func() bool {
		e, counts, ok := f.latest()
		return ok && e.Stage == delivery.StageFinished && counts.Total() == readers
	})
	f.account(readers)
	f.stop()
	if n := len(f.smtp.Messages()); n != readers {
		t.Errorf("%d mails for %d readers", n, readers)
	}
}

// TestRolesSayWhatTheyLack starts roles on machines that lack what they need.
func TestRolesSayWhatTheyLack(t *testing.T) {
	f := newFleet(t, redistest.Start(t).URL(), 1)
	f.write("no-site.yaml", "site: {dir: nowhere, title: x}\npublic_url: https://news.example.com\nstore: \"\"\n")
	f.write("no-address.yaml", "site: {dir: site}\nstore: \"\"\n")
	for _, tt := range []struct{ config, name, roles, want string }{
		{"without-site.yaml", "fresh", "send", "copy that machine's file here"},
		{"no-site.yaml", "own", "send", "its configuration must have site.url, site.timezone"},
		{"no-site.yaml", "own", "plan", "its configuration must have site.url, site.timezone"},
		{"without-site.yaml", "watch", "watch", "nowhere"},
		{"without-site.yaml", "watch", "web,send", "nowhere"},
		{"no-address.yaml", "own", "plan,send", "public_url must say where those are"},
	} {
		out, err := f.command(tt.config, tt.name, "serve", "--roles", tt.roles, "--listen", "127.0.0.1:0").CombinedOutput()
		if code := exitOf(err); code != exitUsage || !strings.Contains(string(out), tt.want) {
			t.Errorf("serve --roles %s with %s: exit %d, want %d and %q:\n%s", tt.roles, tt.config, code, exitUsage, tt.want, out)
		}
	}
}

func exitOf(err error) int {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return exitDone
}
