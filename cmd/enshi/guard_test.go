package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func (p *place) today(name, title string) {
	p.post(time.Now().Format("2006-01-02-")+name+".md", title, time.Now().Add(-time.Minute).Format("2006-01-02 15:04:05 -0700"), "tags: 茶叶")
}

// newGuardedPlace is a site of 30 posts; away takes 25 of them, back brings them.
func newGuardedPlace(t *testing.T) (p *place, away, back func()) {
	t.Helper()
	p = newPlace(t, "sqlite", "outbox")
	for i := range 30 {
		p.write(fmt.Sprintf("site/_posts/2026-01-%02d-a.md", i+1), fmt.Sprintf("---\ntitle: 春茶%d\ntags: 茶叶\n---\n第%d号。\n", i, i))
	}
	name := func(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("2026-01-%02d-a.md", i+1)) }
	moveAll := func(from, to string) {
		for i := range 25 {
			p.move(name(from, i), name(to, i))
		}
	}
	return p, func() { moveAll("site/_posts", "away") }, func() { moveAll("away", "site/_posts") }
}

func TestTooManyChangesAreRefused(t *testing.T) {
	p, away, back := newGuardedPlace(t)
	out, listed := filepath.Join(p.dir, "out"), filepath.Join(p.dir, "data", "refused-changes.txt")
	p.enshi("build", "--out", out)
	p.enshi("send-digest")
	before := outputOf(t, out)
	identities, err := os.ReadFile(filepath.Join(out, ".enshi", "identities.json"))
	if err != nil {
		t.Fatal(err)
	}

	away()
	for _, command := range [][]string{{"build", "--out", out}, {"send-digest", "--settle", "0"}, {"send-digest", "--dry-run"}} {
		code, said, errs := p.try(command...)
		if code != exitRefused || said != "" {
			t.Errorf("%v: exit %d, want %d and no result: %s", command, code, exitRefused, said)
		}
		for _, want := range []string{"25 would vanish", "--accept-changes", listed, "_posts/2026-01-20-a.md: vanished: http://news.example.com/2026/01/20/a\n", "… and 5 more"} {
			if !strings.Contains(errs, want) {
				t.Errorf("%v: lacks %q:\n%s", command, want, errs)
			}
		}
		if strings.Contains(errs, "2026-01-21-a.md") {
			t.Errorf("%v: lists more than 20:\n%s", command, errs)
		}
	}
	if list, err := os.ReadFile(listed); err != nil || strings.Count(string(list), "vanished: ") != 25 {
		t.Errorf("the list of all: %v\n%s", err, list)
	}
	code, said, _ := p.try("build", "--out", out, "--json")
	var shown struct {
		Live    int
		Refused []struct{ Path, ID string }
	}
	if err := json.Unmarshal([]byte(said), &shown); err != nil || code != exitRefused || shown.Live != 30 || len(shown.Refused) != 25 {
		t.Errorf("--json: exit %d, %v, %d of %d:\n%s", code, err, len(shown.Refused), shown.Live, said)
	}
	if diff := cmp.Diff(before, outputOf(t, out)); diff != "" {
		t.Errorf("something was published (-before +after):\n%s", diff)
	}

	back()
	p.enshi("build", "--out", out)
	if diff := cmp.Diff(before, outputOf(t, out)); diff != "" {
		t.Errorf("with the files back (-before +after):\n%s", diff)
	}
	if _, err := os.Stat(listed); err == nil {
		t.Error("the list of refused changes is still there")
	}

	away()
	if said := p.enshi("build", "--out", out, "--accept-changes"); !strings.Contains(said, "25 posts vanished; their ids stay on record") || !strings.Contains(said, "5 posts,") {
		t.Errorf("--accept-changes says: %s", said)
	}
	back()
	p.enshi("build", "--out", out)
	if diff := cmp.Diff(before["feed.xml"], outputOf(t, out)["feed.xml"]); diff != "" {
		t.Errorf("come back, they have other ids or dates (-before +after):\n%s", diff)
	}
	if again, err := os.ReadFile(filepath.Join(out, ".enshi", "identities.json")); err != nil || !bytes.Equal(again, identities) {
		t.Errorf("identities.json is another: %v", err)
	}
}

func TestServeOutlivesTooManyChanges(t *testing.T) {
	p, away, back := newGuardedPlace(t)
	base, stop := p.serve()
	_, before := get(t, base+"/feed.xml")
	if strings.Count(before, "<entry") != 30 {
		t.Fatalf("feed.xml before:\n%s", before)
	}
	const refused = "site not read, what is published stays"
	away()
	p.await("serve to refuse", func() bool { return strings.Contains(p.log.String(), refused) })
	p.write("site/_posts/2026-01-30-a.md", "---\ntitle: 改过的\n---\n改了。\n") // seen, and refused with the rest
	p.write("site/_posts/2026-02-01-b.md", "---\ntitle: 新来的\n---\n来了。\n")
	<-time.After(time.Second)
	if _, after := get(t, base+"/feed.xml"); after != before {
		t.Errorf("the feed changed:\n%s", after)
	}
	if n := strings.Count(p.log.String(), refused); n != 1 {
		t.Errorf("said %d times, want once:\n%s", n, p.log.String())
	}
	back()
	p.await("serve to go on", func() bool { _, now := get(t, base+"/feed.xml"); return strings.Contains(now, "新来的") })
	if _, now := get(t, base+"/feed.xml"); strings.Count(now, "<entry") != 31 || !strings.Contains(p.log.String(), "site is read again") {
		t.Errorf("%d entries, want 31; the log:\n%s", strings.Count(now, "<entry"), p.log.String())
	}
	if code := stop(); code != exitDone {
		t.Errorf("serve ended with %d", code)
	}

	away()
	base, stop = p.serve()
	if _, still := get(t, base+"/feed.xml"); strings.Count(still, "<entry") != 31 {
		t.Error("started beside too many changes, serve does not serve what is published")
	}
	listed := filepath.Join(p.dir, "data", "refused-changes.txt")
	p.await("a place to sign up", func() bool { status, _ := get(t, base+"/subscribe"); return status == http.StatusOK })
	for path, want := range map[string]int{"/readyz": http.StatusServiceUnavailable, "/status": http.StatusOK} {
		p.await(path+" to say why and what to do", func() bool {
			status, text := get(t, base+path)
			return status == want && strings.Contains(text, "25 would vanish") && strings.Contains(text, "in refused-changes.txt") && strings.Contains(text, "--accept-changes")
		})
		if _, text := get(t, base+path); strings.Contains(text, listed) {
			t.Errorf("%s tells everybody where the files are:\n%s", path, text)
		}
	}
	stop()
	base, _ = p.serve("--accept-changes")
	p.await("the changes to be accepted", func() bool { _, now := get(t, base+"/feed.xml"); return strings.Count(now, "<entry") == 6 })
	if !strings.Contains(p.log.String(), "posts vanished, their ids stay on record") {
		t.Errorf("the log does not say what vanished:\n%s", p.log.String())
	}
}

// TestServeKeepsIdentities loses serve's store: its own output has the ids.
func TestServeKeepsIdentities(t *testing.T) {
	p := newLastingPlace(t, "redis")
	base, stop := p.serve()
	_, before := get(t, base+"/feed.xml")
	p.lasting(20, "title: 新来的", "")
	p.await("the new post", func() bool { _, now := get(t, base+"/feed.xml"); return strings.Contains(now, "新来的") })
	if code := stop(); code != exitDone {
		t.Errorf("serve ended with %d", code)
	}
	ids := func(feed string) (list []string) {
		for _, part := range strings.Split(feed, "<id>")[1:] {
			id, _, _ := strings.Cut(part, "</id>")
			list = append(list, id)
		}
		return list
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "data", "public", ".enshi", "identities.json"))
	if err != nil || !strings.Contains(string(text), "chuncha") || !strings.Contains(string(text), "21-chuncha") {
		t.Errorf("identities.json lacks what was new: %v\n%s", err, text)
	}
	p.write("site/_config.yml", "title: 云台日报\nurl: https://paper.example.org\n")
	if err := os.Remove(filepath.Join(p.dir, lastingName(20))); err != nil {
		t.Fatal(err)
	}
	other := newLastingPlace(t, "redis") // another store, the same site and data
	p.flags = append(p.flags, other.flags[len(other.flags)-2:]...)
	base, stop = p.serve()
	_, after := get(t, base+"/feed.xml")
	if diff := cmp.Diff(ids(before), ids(after)); diff != "" {
		t.Errorf("ids (-before +after):\n%s", diff)
	}
	stop()

	// With the file lost too, nobody knows the ids: what is published stays.
	if err := os.Remove(filepath.Join(p.dir, "data", "public", ".enshi", "identities.json")); err != nil {
		t.Fatal(err)
	}
	other = newLastingPlace(t, "redis")
	p.flags = append(p.flags, other.flags[len(other.flags)-2:]...)
	base, _ = p.serve()
	if _, still := get(t, base+"/feed.xml"); still != after || !strings.Contains(p.log.String(), "--identities FILE") {
		t.Errorf("the feed changed, or the log does not say what to do:\n%s", p.log.String())
	}
	p.await("/readyz to say what to do", func() bool { _, text := get(t, base+"/readyz"); return strings.Contains(text, "--identities FILE") })
	if status, _ := get(t, base+"/subscribe"); status != http.StatusServiceUnavailable {
		t.Errorf("/subscribe beside a store that lost its site: %d, want 503", status)
	}
}
