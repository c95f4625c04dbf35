package subscribers_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func sequence(records ...subscribers.Subscriber) iter.Seq2[subscribers.Subscriber, error] {
	return func(yield func(subscribers.Subscriber, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestExport(t *testing.T) {
	old := known(t, "old@example.com", subscribers.Active)
	old.Topics = []posts.Topic{posts.Category("乡村"), posts.Tag("a,b"), posts.Tag("c;d"), posts.Tag("100%3B\n")}
	var got bytes.Buffer
	err := subscribers.Export(t.Context(), &got, sequence(
		old, known(t, "waits@example.com", subscribers.Pending), known(t, "left@example.com", subscribers.Unsubscribed),
		known(t, "dead@example.com", subscribers.Bounced), known(t, "angry@example.com", subscribers.Complained), known(t, "gone@example.com", subscribers.Erased),
	))
	want := "email,topics,cadence,language,state\r\n" +
		"old@example.com,\"category:乡村;tag:a,b;tag:c%3Bd;tag:100%253B%0A\",weekly,en,active\r\n" +
		"waits@example.com,tag:旧,weekly,en,pending\r\n"
	if diff := cmp.Diff(want, got.String()); diff != "" || err != nil {
		t.Errorf("Export: %v (-want +got):\n%s", err, diff)
	}
}

// TestExportComesBack imports what was exported, nasty addresses and topics
// included.
func TestExportComesBack(t *testing.T) {
	keys := ring(t, 1)
	from := newShelf()
	for i, address := range []subscribers.Address{
		"plain@example.com", "=1+1@example.com", "+li@example.com", "-li@example.com", "'li@example.com", "'=li@example.com", "''=li@example.com", "a|b@example.com",
	} {
		r := known(t, address, subscribers.Active)
		r.ID = keys.ID(address)
		r.Topics = [][]posts.Topic{
			{posts.Everything}, {posts.Category("a;b"), posts.Tag("c")}, {posts.Tag(`"quoted", and more`)}, {posts.Tag("50%")},
			{posts.Tag("%3B")}, {posts.Tag("line\r\nend")}, {posts.Tag("=1+1")}, {posts.Tag(`back\slash`)},
		}[i]
		from.records[r.ID] = r
	}
	var file bytes.Buffer
	if err := subscribers.Export(t.Context(), &file, sequence(values(from)...)); err != nil {
		t.Fatal(err)
	}
	to := newShelf()
	report, err := subscribers.Import(t.Context(), &file, importer(t, to, "moved"))
	if err != nil || report.Added != len(from.records) || len(report.Rejected) > 0 {
		t.Fatalf("Import = %+v, %v", report, err)
	}
	for id, r := range from.records {
		got := to.records[id]
		if got.Address != r.Address || !cmp.Equal(got.Topics, r.Topics) || got.Cadence != r.Cadence || got.Language != r.Language {
			t.Errorf("%q with %q came back as %q with %q", r.Address, r.Topics, got.Address, got.Topics)
		}
	}
}

func values(s *shelf) []subscribers.Subscriber {
	var all []subscribers.Subscriber
	for r := range maps.Values(s.records) {
		all = append(all, r)
	}
	return all
}

func TestExportHoldsNoFormula(t *testing.T) {
	for _, address := range []subscribers.Address{"=cmd@example.com", "+1@example.com", "-1@example.com"} {
		var got bytes.Buffer
		if err := subscribers.Export(t.Context(), &got, sequence(known(t, address, subscribers.Active))); err != nil {
			t.Fatal(err)
		}
		_, row, _ := strings.Cut(got.String(), "\r\n")
		if row == "" || strings.ContainsRune("=+-@", rune(row[0])) {
			t.Errorf("row %q starts a formula", row)
		}
	}
}

func TestExportKeepsPendingPeoplePending(t *testing.T) {
	var file bytes.Buffer
	if err := subscribers.Export(t.Context(), &file, sequence(known(t, "waits@example.com", subscribers.Pending))); err != nil {
		t.Fatal(err)
	}
	s := newShelf()
	if _, err := subscribers.Import(t.Context(), &file, importer(t, s, "moved")); err != nil {
		t.Fatal(err)
	}
	if got := find(t, s, "waits@example.com"); got.State != subscribers.Pending || len(s.notices) != 1 {
		t.Errorf("waits is %s after export and import with consent, notices %v", got.State, s.notices)
	}
}

func TestExportStopsAtAnError(t *testing.T) {
	broken := func(yield func(subscribers.Subscriber, error) bool) {
		_ = yield(known(t, "old@example.com", subscribers.Active), nil) && yield(subscribers.Subscriber{}, errAway)
	}
	if err := subscribers.Export(t.Context(), &bytes.Buffer{}, broken); !errors.Is(err, errAway) {
		t.Errorf("Export of a broken sequence: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := subscribers.Export(cancelled, &bytes.Buffer{}, sequence(record(subscribers.Active))); !errors.Is(err, context.Canceled) {
		t.Errorf("Export after the end of its context: %v", err)
	}
	if err := subscribers.Export(t.Context(), full{}, sequence(record(subscribers.Active))); !errors.Is(err, errAway) {
		t.Errorf("Export to a full disk: %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errAway }
