package faults

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/internal/sitetest"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
)

// connections is how many a process has to the mail server.
const connections = 4

// stores are the names that newScene knows.
func stores() []string { return []string{"sqlite", "redis"} }

// scene is a site, people who subscribe to it, a store, and a mail server that
// outlives whatever happens to the program.
type scene struct {
	testing.TB
	dir    string
	store  string            // its URL
	redis  *redistest.Server // nil on SQLite
	smtp   *smtptest.Server
	relays []*smtptest.Server // the first is smtp
	inbox  *inbox
	lease  time.Duration
	people []person
	issues []issue
	moving map[string]bool // addresses that change while a test runs

	addresses map[subscribers.ID]string // of everybody, also of those who were erased since
	daemons   []*process
}

// person is a subscriber.
type person struct {
	address string
	tags    []int // none for everything
}

// issue is a post of the site.
type issue struct {
	title     string
	path      string // below the site
	tag       int
	withdrawn bool
	corrected int // how many posts there were when it was corrected, 0 if it was not
	at        time.Time
}

// tags is how many different ones posts have; nobody's post has the last.
const tags = 6

// follows says whether a person gets a post.
func (p person) follows(i issue) bool {
	for _, t := range p.tags {
		if t == i.tag {
			return true
		}
	}
	return len(p.tags) == 0
}

const sceneConfig = `public_url: https://feeds.example.com
settle: 0s
rescan: 1m
digest: {quiet: 0s, cadence: %s}
mail: {smtp: [%s], retry: 1s, connections: %d, lease: %v, pacing: %t%s}
`

// setting is what a scene begins with.
type setting struct {
	store   string
	cadence subscribers.Cadence // default daily
	people  int
	lease   time.Duration // default a minute
	mail    string        // more keys of mail, such as "give_up: 1s"
	redis   *redistest.Server
	paced   bool  // whether it keeps to the limits of providers
	weights []int // of relays; default one
}

func newScene(tb testing.TB, o setting) *scene {
	tb.Helper()
	s := &scene{TB: tb, dir: tb.TempDir(), inbox: newInbox(), lease: o.lease, moving: make(map[string]bool), addresses: make(map[subscribers.ID]string)}
	if s.lease == 0 {
		s.lease = time.Minute
	}
	if o.cadence == "" {
		o.cadence = subscribers.Daily
	}
	if o.mail != "" {
		o.mail = ", " + o.mail
	}
	urls := s.mailServers(o.weights)
	switch s.redis = o.redis; {
	case s.redis != nil:
		s.store = s.redis.URL()
	case o.store == "redis":
		s.redis = redistest.Start(tb)
		s.store = s.redis.URL()
	default:
		s.store = "sqlite:" + filepath.Join(s.dir, "data", "enshi.db")
	}
	s.write("enshi.yaml", fmt.Sprintf(sceneConfig, o.cadence, urls, connections, s.lease, o.paced, o.mail))
	s.write("site/_config.yml", "title: 云台日报\nurl: http://news.example.com\ntimezone: Asia/Shanghai\n")
	s.write("site/_posts/2019-12-01-old.md", "---\ntitle: 旧闻\ntags: 版0\n---\n<p>旧闻。</p>\n")
	s.subscribe(o.people)
	s.enshi("send-digest") // what is there already is never mailed
	store := s.open()
	defer store.Shutdown()
	for p, err := range store.All(s.context()) {
		s.check(err)
		s.addresses[p.ID] = string(p.Address)
	}
	return s
}

// mailServers starts a mail server for each weight, and returns their addresses
// as the configuration lists them.
func (s *scene) mailServers(weights []int) string {
	s.Helper()
	if len(weights) == 0 {
		weights = []int{1}
	}
	var urls []string
	for _, w := range weights {
		r := smtptest.StartWith(s, smtptest.Options{Each: s.inbox.take})
		s.relays = append(s.relays, r)
		urls = append(urls, fmt.Sprintf("'%s?weight=%d'", r.URL(), w))
	}
	s.smtp = s.relays[0]
	return strings.Join(urls, ", ")
}

func (s *scene) write(name, text string) {
	s.Helper()
	sitetest.Place(s, filepath.Join(s.dir, filepath.FromSlash(name)), text)
}

// domains are of several provider groups.
func domains() []string {
	return []string{"example.com", "qq.com", "163.com", "gmail.com", "example.org"}
}

// subscribe imports n people, each with one of the sets of tags.
func (s *scene) subscribe(n int) {
	s.Helper()
	var csv strings.Builder
	csv.WriteString("email,topics,cadence,language\n")
	for i := range n {
		p := person{address: fmt.Sprintf("reader%d@%s", i, domains()[i%len(domains())])}
		names := "*"
		if set := i % (1 << tags); set != 0 {
			names = ""
			for t := range tags {
				if set&(1<<t) != 0 {
					p.tags = append(p.tags, t)
					names += fmt.Sprintf(";tag:版%d", t)
				}
			}
			names = names[1:]
		}
		fmt.Fprintf(&csv, "%s,%s,,%s\n", p.address, names, []string{"zh-Hans", "en"}[i/100%2])
		s.people = append(s.people, p)
	}
	s.write("people.csv", csv.String())
	s.enshi("subscribers", "import", filepath.Join(s.dir, "people.csv"), "--consent", "test")
}

// post writes so many posts of now, each with another tag.
func (s *scene) post(count int) {
	s.Helper()
	s.postOf(time.Now().Add(-time.Minute), count)
}

// postOf writes so many posts of a date.
func (s *scene) postOf(at time.Time, count int) {
	s.Helper()
	for range count {
		n := len(s.issues) + 1
		s.issues = append(s.issues, issue{
			title: fmt.Sprintf("第%d号", n), tag: n % (tags - 1), path: fmt.Sprintf("_posts/%s-issue%d.md", at.Format(time.DateOnly), n), at: at,
		})
		s.file(n-1, "")
	}
}

func (s *scene) file(n int, more string) {
	s.Helper()
	i := s.issues[n]
	s.write("site/"+i.path, fmt.Sprintf("---\ntitle: %q\ndate: %s\ntags: 版%d\n%s---\n<p>今年的收成好。</p>\n",
		i.title, i.at.Format("2006-01-02 15:04:05 -0700"), i.tag, more))
}

// start starts the program; fail is what ENSHI_FAIL says.
func (s *scene) start(fail string, args ...string) *process {
	s.Helper()
	return s.startAt(0, fail, args...)
}

// startAt starts the program with a store whose clock is ahead.
func (s *scene) startAt(ahead time.Duration, fail string, args ...string) *process {
	s.Helper()
	flags := []string{
		"--config", filepath.Join(s.dir, "enshi.yaml"), "--site", filepath.Join(s.dir, "site"), "--data", filepath.Join(s.dir, "data"),
		"--store", s.store,
	}
	return launch(s, []string{"ENSHI_FAIL=" + fail, "ENSHI_AHEAD=" + ahead.String()}, append(flags, args...)...)
}

// serve starts a daemon with some roles, which goes on until stop.
func (s *scene) serve(fail, roles string) *process {
	s.Helper()
	p := s.start(fail, "serve", "--roles", roles, "--listen", "127.0.0.1:0")
	s.daemons = append(s.daemons, p)
	return p
}

// stop ends all daemons as an operator does, who has seen them begin: a process
// that listens to no signal yet ends by one.
func (s *scene) stop() {
	s.Helper()
	for _, p := range s.daemons {
		await(s, "enshi "+p.args+" has begun", func() bool { return !p.running() || p.out.String() != "" })
		p.signal(syscall.SIGTERM)
	}
	for _, p := range s.daemons {
		if code := p.wait(); code != 0 {
			s.Errorf("enshi %s: exit %d after SIGTERM\n%s", p.args, code, p.out.String())
		}
	}
	s.daemons = nil
}

// await polls until something is so, while the daemons work.
func (s *scene) await(what string, so func() bool) {
	s.Helper()
	await(s, what, func() bool {
		for _, p := range s.daemons {
			if !p.running() {
				s.Fatalf("enshi %s ended: %v\n%s", p.args, p.cmd.ProcessState, p.out.String())
			}
		}
		return so()
	})
}

// enshi runs the program to its end, which must be a good one.
func (s *scene) enshi(args ...string) string {
	s.Helper()
	p := s.start("", args...)
	if code := p.wait(); code != 0 {
		s.Fatalf("enshi %s: exit %d\n%s", strings.Join(args, " "), code, p.out.String())
	}
	return p.out.String()
}

// finish sends whatever is left.
func (s *scene) finish() {
	s.Helper()
	s.enshi("send-digest", "--resume", "--wait")
}

// settle waits until every post has arrived, and everybody is served.
func (s *scene) settle() {
	s.Helper()
	store := s.open()
	defer store.Shutdown()
	s.await("every edition is finished", func() bool { return s.settled(store) })
}

func (s *scene) settled(store ledger) bool {
	s.Helper()
	head, err := store.Head(s.context())
	if err != nil || head < int64(len(s.issues)) {
		return false // a store that is away comes back
	}
	for part := range store.Parts() {
		for _, c := range subscribers.Cadences {
			due, err := store.Candidates(s.context(), delivery.Edition{Cadence: c, Mark: head}, part, "", 1)
			if err != nil || len(due) > 0 {
				return false
			}
		}
	}
	editions, err := store.Editions(s.context(), 10_000)
	return err == nil && !slices.ContainsFunc(editions, func(e delivery.Edition) bool { return e.Stage != delivery.StageFinished })
}

// ledger is what a test reads of a store.
type ledger interface {
	digest.Log
	subscribers.Registry
	subscribers.Bulk
	delivery.Planning
	delivery.Editions
	delivery.Letters
	delivery.Control
	delivery.Recall
	Shutdown() error
}

// writable says whether nobody has locked the store.
func (s *scene) writable() bool {
	s.Helper()
	path, ok := strings.CutPrefix(s.store, "sqlite:")
	if !ok {
		return true
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(0)")
	s.check(err)
	defer db.Close()
	_, err = db.Exec("BEGIN IMMEDIATE; ROLLBACK")
	return err == nil
}

// open opens the store as another process would.
func (s *scene) open() ledger {
	s.Helper()
	var store ledger
	var err error
	if path, ok := strings.CutPrefix(s.store, "sqlite:"); ok {
		store, err = sqlitedb.Open(sqlitedb.Options{Path: path})
	} else {
		store, err = redisdb.Open(context.Background(), redisdb.Options{URL: s.store})
	}
	if err != nil {
		s.Fatal(err)
	}
	return store
}

func (s *scene) context() context.Context { return context.Background() }

func (s *scene) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}
