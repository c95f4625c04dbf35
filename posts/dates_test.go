package posts

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestDateRefused(t *testing.T) {
	for _, text := range []string{"", "2022年5月23日", "tomorrow", "10:30", "May 23", "2022-13-01", "2022-00-01", "2022-05-32", "2022-05-24 25:00:00", "2022-05-24 10:61", "1653300000", "2022", "2022-05"} {
		for _, plain := range []bool{true, false} {
			v := value{text: text, plain: plain}
			if at, _, err := v.date(shanghai(t)); err == nil {
				t.Errorf("date %q, plain %v = %v, want an error", text, plain, at)
			}
		}
	}
}

func TestDateLeavesARest(t *testing.T) {
	v := value{text: "2022-05-24 01：00", plain: true}
	at, rest, err := v.date(shanghai(t))
	if err != nil || rest != "01：00" || at.Hour() != 0 {
		t.Errorf("date = %v, rest %q, %v; want midnight and the rest", at, rest, err)
	}
}

// FuzzDate holds the reading of dates to not panicking, to the same moment
// whether it is read fast or not, and to giving what it printed back.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"2022-05-23 10:39:11 +0800", "2022-05-24", "May 23, 2022 5pm CST", "20220523T103911Z", "24/5/2022", "2022-02-30 24:00:00", "+0000-00-00", "1:1:1:1 2000-1-1 +99:99"} {
		f.Add(s)
	}
	zone := shanghai(f)
	f.Fuzz(func(t *testing.T, s string) {
		if fast, ok := fastTime(s); ok {
			m := psychForm.FindStringSubmatch(s)
			slow, err := time.Parse("2006-01-02 15:04:05 -0700", s)
			if m == nil || err == nil && !slow.Equal(fast) {
				t.Fatalf("fastTime(%q) = %v, slowly %v", s, fast, slow)
			}
		}
		for _, plain := range []bool{true, false} {
			at, rest, err := value{text: s, plain: plain}.date(zone)
			if err != nil || at.Year() < 1000 || at.Year() > 9999 {
				continue
			}
			if utf8.ValidString(s) && !utf8.ValidString(rest) {
				t.Fatalf("date %q leaves %q", s, rest)
			}
			again, _, err := value{text: at.UTC().Format("2006-01-02 15:04:05 +0000"), plain: plain}.date(zone)
			if err != nil || !again.Equal(at) {
				t.Fatalf("date %q = %v, again %v, %v", s, at, again, err)
			}
		}
	})
}

func TestLocalTimeAtClockChanges(t *testing.T) {
	tests := []struct{ zone, clock, want string }{
		{"America/Sao_Paulo", "2017-10-15 00:00", "2017-10-15T01:00:00-02:00"},
		{"America/New_York", "2022-11-06 01:30", "2022-11-06T01:30:00-05:00"},
		{"America/New_York", "2022-03-13 02:30", "2022-03-13T03:30:00-04:00"},
		{"Asia/Shanghai", "1986-05-04 02:30", "1986-05-04T03:30:00+09:00"},
		{"Asia/Shanghai", "1991-09-15 01:30", "1991-09-15T01:30:00+08:00"},
		{"Pacific/Apia", "2011-12-30 12:00", "2011-12-31T12:00:00+14:00"},
	}
	for _, tt := range tests {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, _, err := value{text: tt.clock}.date(zone)
		if got := at.Format(time.RFC3339); err != nil || got != tt.want {
			t.Errorf("%s in %s = %s, %v, want %s", tt.clock, tt.zone, got, err, tt.want)
		}
	}
}

func FuzzSlugify(f *testing.F) {
	for _, s := range []string{"恩施日报：“两会”特刊 2022年〇一 C++/Go_x.y～Ｚ１ é", "-a--b-", "", "\xff\xfe", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, mode := range []slugMode{slugDefault, slugPretty} {
			slug := slugify(s, mode)
			if !utf8.ValidString(slug) || strings.HasPrefix(slug, "-") || strings.HasSuffix(slug, "-") || strings.Contains(slug, "--") {
				t.Fatalf("slugify(%q) = %q", s, slug)
			}
			if again := slugify(slug, mode); again != slug {
				t.Fatalf("slugify(%q) = %q, again %q", s, slug, again)
			}
		}
		if lower := downcase(titleize(s)); utf8.ValidString(s) && !utf8.ValidString(lower) {
			t.Fatalf("titleize(%q) = %q", s, lower)
		}
		if got := unescape(escapePath(s)); got != s {
			t.Fatalf("unescape(escapePath(%q)) = %q", s, got)
		}
		if once := escapeAddress(s); escapeAddress(once) != once {
			t.Fatalf("escapeAddress(%q) is not stable", s)
		}
	})
}

func TestSlugify(t *testing.T) {
	const text = "恩施日报：“两会”特刊 2022年〇一 C++/Go_x.y～Ｚ１ é"
	if got, want := downcase(slugify(text, slugDefault)), "恩施日报-两会-特刊-2022年-一-c-go-x-y-ｚ１-é"; got != want {
		t.Errorf("default: %q, want %q", got, want)
	}
	if got, want := downcase(slugify(text, slugPretty)), "恩施日报-两会-特刊-2022年-一-c++-go_x.y-ｚ１-é"; got != want {
		t.Errorf("pretty: %q, want %q", got, want)
	}
}

func TestFnmatch(t *testing.T) {
	tests := []struct {
		glob, name string
		want       bool
	}{
		{"/old*/drop", "/old1/x/drop", true}, {"/*.bak", "/a/b.bak", true}, {"/a?c", "/abc", true}, {"/a?c", "/ac", false},
		{"/[a-c]x", "/bx", true}, {"/[!a-c]x", "/bx", false}, {"/[^a]x", "/恩x", true}, {"/\\*", "/*", true}, {"/\\*", "/a", false},
		{"/[a", "/a", false}, {"/", "/a", false}, {"*", "", true}, {"?", "", false},
	}
	for _, tt := range tests {
		if got := fnmatch(tt.glob, tt.name); got != tt.want {
			t.Errorf("fnmatch(%q, %q) = %v, want %v", tt.glob, tt.name, got, tt.want)
		}
	}
}
