package subscribers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// shelf is a registry in memory.
type shelf struct {
	records   map[subscribers.ID]subscribers.Subscriber
	notices   []subscribers.Notice
	conflicts int // so many Saves answer ErrConflict first
	broken    int // from this Save on, the store is away; 0: never
	saves     int
}

func newShelf(records ...subscribers.Subscriber) *shelf {
	s := &shelf{records: make(map[subscribers.ID]subscribers.Subscriber)}
	for _, r := range records {
		s.records[r.ID] = r
	}
	return s
}

func (s *shelf) Subscriber(_ context.Context, id subscribers.ID) (subscribers.Subscriber, error) {
	r, ok := s.records[id]
	if !ok {
		return r, subscribers.ErrNotFound
	}
	return r, nil
}

var errAway = errors.New("the store is away")

func (s *shelf) Save(_ context.Context, r subscribers.Subscriber, n subscribers.Notice) error {
	s.saves++
	if s.broken > 0 && s.saves >= s.broken {
		return errAway
	}
	if s.conflicts > 0 {
		s.conflicts--
		return subscribers.ErrConflict
	}
	if s.records[r.ID].Version != r.Version {
		return subscribers.ErrConflict
	}
	r.Version++
	s.records[r.ID] = r
	if n != subscribers.NoNotice {
		s.notices = append(s.notices, n)
	}
	return nil
}

func (s *shelf) SaveAll(ctx context.Context, list []subscribers.Saving) ([]error, error) {
	became := make([]error, len(list))
	for i, one := range list {
		became[i] = s.Save(ctx, one.Subscriber, one.Notice)
		if errors.Is(became[i], errAway) {
			return nil, errAway
		}
	}
	return became, nil
}

func (s *shelf) All(context.Context) iter.Seq2[subscribers.Subscriber, error] {
	return func(yield func(subscribers.Subscriber, error) bool) {
		for _, r := range s.records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s *shelf) Count(context.Context) (map[subscribers.State]int, error) {
	states := make(map[subscribers.State]int)
	for _, r := range s.records {
		states[r.State]++
	}
	return states, nil
}

func (s *shelf) Delete(_ context.Context, r subscribers.Subscriber) error {
	delete(s.records, r.ID)
	return nil
}

// importer imports to s under a fixed ring; consent "" asks for confirmation.
func importer(tb testing.TB, s *shelf, consent string) subscribers.ImportOptions {
	tb.Helper()
	return subscribers.ImportOptions{
		Registry: s, Bulk: s, Keys: ring(tb, 1), Now: func() time.Time { return now }, Consent: consent,
		Head:     func(context.Context) (int64, error) { return 77, nil },
		Defaults: subscribers.Preferences{Cadence: subscribers.Daily, Language: subscribers.Chinese},
	}
}

func known(tb testing.TB, address subscribers.Address, state subscribers.State) subscribers.Subscriber {
	tb.Helper()
	r := record(state)
	r.ID = ring(tb, 1).ID(address)
	if state != subscribers.Erased {
		r.Address = address
	}
	return r
}

func find(t *testing.T, s *shelf, address subscribers.Address) subscribers.Subscriber {
	t.Helper()
	r, ok := s.records[ring(t, 1).ID(address)]
	if !ok {
		t.Fatalf("%s is not there", address)
	}
	return r
}

func TestImportWithConsent(t *testing.T) {
	s := newShelf()
	in := "\ufeffLanguage,TOPICS,Email,cadence\r\n" +
		"en,category:乡村; tag:茶 ,li@Example.com,Weekly\r\n" +
		",,wang@example.com,\r\n" +
		"\r\n" +
		`zh-hans,"tag:a,b;*",zhao@example.com,instant` // no line end at the end
	got, err := subscribers.Import(t.Context(), strings.NewReader(in), importer(t, s, "at the fair"))
	want := subscribers.Report{Rows: 3, Added: 3}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Fatalf("Import: %v (-want +got):\n%s", err, diff)
	}
	li := find(t, s, "li@example.com")
	if li.State != subscribers.Active || li.Cursor != 77 || li.Consent != "at the fair" || li.Cadence != subscribers.Weekly ||
		li.Language != subscribers.English || !cmp.Equal(li.Topics, []posts.Topic{posts.Category("乡村"), posts.Tag("茶")}) {
		t.Errorf("li = %+v", li)
	}
	wang := find(t, s, "wang@example.com")
	if wang.Cadence != subscribers.Daily || wang.Language != subscribers.Chinese || !cmp.Equal(wang.Topics, []posts.Topic{posts.Everything}) {
		t.Errorf("wang, who gets the defaults = %+v", wang)
	}
	if zhao := find(t, s, "zhao@example.com"); !cmp.Equal(zhao.Topics, []posts.Topic{posts.Everything}) {
		t.Errorf("zhao's topics = %v", zhao.Topics)
	}
	if len(s.notices) != 0 {
		t.Errorf("notices %v, want none with consent", s.notices)
	}
}

func TestImportWithoutConsentAsksEachOnce(t *testing.T) {
	s := newShelf(known(t, "old@example.com", subscribers.Active))
	in := "email\nli@example.com\nold@example.com\nLI@example.com\n"
	for run, want := range []subscribers.Report{{Rows: 3, Added: 1, Unchanged: 2}, {Rows: 3, Unchanged: 3}} {
		got, err := subscribers.Import(t.Context(), strings.NewReader(in), importer(t, s, ""))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("run %d: %v (-want +got):\n%s", run, err, diff)
		}
	}
	if diff := cmp.Diff([]subscribers.Notice{subscribers.NoticeConfirm}, s.notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if li := find(t, s, "li@example.com"); li.State != subscribers.Pending {
		t.Errorf("li is %s, want pending", li.State)
	}
}

func TestImportNeverBringsAnybodyBack(t *testing.T) {
	again := known(t, "again@example.com", subscribers.Pending)
	again.Returning = true
	stored := []subscribers.Subscriber{
		known(t, "left@example.com", subscribers.Unsubscribed), known(t, "dead@example.com", subscribers.Bounced),
		known(t, "angry@example.com", subscribers.Complained), known(t, "gone@example.com", subscribers.Erased), again,
	}
	in := "email,state\nleft@example.com,\ndead@example.com,active\nAngry@example.com,\ngone@example.com,\nagain@example.com,\n" +
		"li@example.com,unsubscribed\nwang@example.com,bounced\n"
	for _, consent := range []string{"", "at the fair"} {
		s := newShelf(stored...)
		got, err := subscribers.Import(t.Context(), strings.NewReader(in), importer(t, s, consent))
		if diff := cmp.Diff(subscribers.Report{Rows: 7, Suppressed: 7}, got); diff != "" || err != nil {
			t.Errorf("consent %q: %v (-want +got):\n%s", consent, err, diff)
		}
		if diff := cmp.Diff(newShelf(stored...).records, s.records); diff != "" || s.notices != nil {
			t.Errorf("consent %q: notices %v, records (-want +got):\n%s", consent, s.notices, diff)
		}
	}
}

func TestImportWithConsentUpdates(t *testing.T) {
	s := newShelf(known(t, "old@example.com", subscribers.Active), known(t, "waits@example.com", subscribers.Pending))
	in := "email,cadence,language,topics,state\n" +
		"OLD@example.com,,,,\n" + // empty cells leave what the person chose
		"old@example.com,daily,,,\n" +
		"waits@example.com,,,,pending\n" +
		"waits@example.com,,,,\n"
	got, err := subscribers.Import(t.Context(), strings.NewReader(in), importer(t, s, "at the fair"))
	if diff := cmp.Diff(subscribers.Report{Rows: 4, Updated: 2, Unchanged: 2}, got); diff != "" || err != nil {
		t.Fatalf("Import: %v (-want +got):\n%s", err, diff)
	}
	want := known(t, "old@example.com", subscribers.Active)
	want.Cadence = subscribers.Daily
	want.Version++
	if diff := cmp.Diff(want, find(t, s, "old@example.com")); diff != "" {
		t.Errorf("old (-want +got):\n%s", diff)
	}
	if waits := find(t, s, "waits@example.com"); waits.State != subscribers.Active || waits.Cursor != 77 {
		t.Errorf("waits = %+v, want active at the head", waits)
	}
}

func TestImportReportsEveryBrokenRow(t *testing.T) {
	rows := []struct{ row, reason string }{
		{"secret", "email: not a mail address: expected name@example.com"},
		{",category:茶,,", "email: not a mail address: expected name@example.com"},
		{"a@example.com,乡村,,", "topics: topic 1: expected *, category:NAME or tag:NAME"},
		{"a@example.com,tag:a;secret@example.com,,", "topics: topic 2: expected *, category:NAME or tag:NAME"},
		{"a@example.com,,secret,", "cadence: expected instant, daily or weekly"},
		{"a@example.com,,,secret", "language: expected zh-Hans or en"},
		{"a@example.com,secret", "expected 4 columns, found 2"},
		{"a@example.com,,,,secret", "expected 4 columns, found 5"},
		{`"a@example.com,,,`, "a quotation mark is not closed, or stands inside a cell that is not quoted"},
		{`a"secret@example.com,,,`, "a quotation mark is not closed, or stands inside a cell that is not quoted"},
		{"a@example.com,tag:\xb6\xf7\xca\xa9,,", "not UTF-8: save the file as CSV in UTF-8"},
		{"a@example.com,tag:" + strings.Repeat("x", 64<<10) + ",,", "longer than 65536 bytes"},
	}
	s := newShelf()
	in := "email,topics,cadence,language\n"
	want := subscribers.Report{Rows: 2 * len(rows), Added: len(rows)}
	for i, r := range rows {
		if !strings.Contains(r.row, ",") {
			r.row += ",,,"
		}
		in += fmt.Sprintf("%s\ngood%d@example.com,,,\n", r.row, i)
		want.Rejected = append(want.Rejected, subscribers.Rejection{Row: 2 + 2*i, Reason: r.reason})
	}
	got, err := subscribers.Import(t.Context(), iotest.OneByteReader(strings.NewReader(in)), importer(t, s, "at the fair"))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Import: %v (-want +got):\n%s", err, diff)
	}
}

func TestImportRefusesFilesWithoutHeader(t *testing.T) {
	for name, in := range map[string]string{
		"empty":              "",
		"blank lines":        "\n \r\n",
		"no header":          "secret@example.com,*,daily,en\nb@example.com,,,\n",
		"no email":           "topics,cadence\n*,daily\n",
		"one column twice":   "email,topics,Email\n",
		"misspelt column":    "email,topic\n",
		"not UTF-8":          "\xff\xfee\x00m\x00a\x00i\x00l\x00\n",
		"semicolons between": "email;topics;cadence;language\nsecret@example.com;*;;\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := subscribers.Import(t.Context(), strings.NewReader(in), importer(t, newShelf(), "x"))
			if err == nil || got.Rows != 0 {
				t.Fatalf("Import = %+v, %v, want an error", got, err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the file: %v", err)
			}
		})
	}
}

func TestImportDryRunChangesNothingAndCountsTheSame(t *testing.T) {
	in := "email,cadence\nli@example.com,\nli@example.com,weekly\nold@example.com,instant\nleft@example.com,\nx,\n"
	stored := []subscribers.Subscriber{known(t, "old@example.com", subscribers.Active), known(t, "left@example.com", subscribers.Unsubscribed)}
	for _, consent := range []string{"", "at the fair"} {
		dry, wet := newShelf(stored...), newShelf(stored...)
		o := importer(t, dry, consent)
		o.DryRun = true
		got, err := subscribers.Import(t.Context(), strings.NewReader(in), o)
		if err != nil {
			t.Fatal(err)
		}
		want, err := subscribers.Import(t.Context(), strings.NewReader(in), importer(t, wet, consent))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("consent %q: dry run and import differ: %v (-import +dry run):\n%s", consent, err, diff)
		}
		if dry.saves != 0 || len(dry.records) != 2 {
			t.Errorf("consent %q: the dry run saved", consent)
		}
	}
}

func TestImportTriesConflictsAgain(t *testing.T) {
	s := newShelf()
	s.conflicts = 3
	got, err := subscribers.Import(t.Context(), strings.NewReader("email\nli@example.com\n"), importer(t, s, "x"))
	if diff := cmp.Diff(subscribers.Report{Rows: 1, Added: 1}, got); diff != "" || err != nil {
		t.Errorf("Import: %v (-want +got):\n%s", err, diff)
	}
	s.conflicts = 1000
	if _, err = subscribers.Import(t.Context(), strings.NewReader("email\nwang@example.com\n"), importer(t, s, "x")); !errors.Is(err, subscribers.ErrConflict) {
		t.Errorf("Import with conflicts without end: %v", err)
	}
}

func TestImportStopsWhenTheStoreIsAway(t *testing.T) {
	s := newShelf()
	s.broken = 2
	got, err := subscribers.Import(t.Context(), strings.NewReader("email\nli@example.com\nsecret@example.com\nzhao@example.com\n"), importer(t, s, ""))
	if diff := cmp.Diff(subscribers.Report{}, got); diff != "" || !errors.Is(err, errAway) {
		t.Errorf("Import: %v (-want +got):\n%s", err, diff)
	}
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "rows from 2 on") {
		t.Errorf("error %v, want it to name the rows that may not be in, and no address", err)
	}
}

func TestImportReportsABrokenReader(t *testing.T) {
	in := io.MultiReader(strings.NewReader("email\nli@example.com\n"), iotest.ErrReader(errAway))
	got, err := subscribers.Import(t.Context(), in, importer(t, newShelf(), "x"))
	if !errors.Is(err, errAway) || got.Added != 1 {
		t.Errorf("Import = %+v, %v", got, err)
	}
}
