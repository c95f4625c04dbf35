package config_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/enshi-daily/enshi/config"
	"github.com/enshi-daily/enshi/internal/golden"
)

var sameValues = cmpopts.IgnoreUnexported(config.Config{})

func TestDefaultIsValid(t *testing.T) {
	c := config.Default()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestDescribe(t *testing.T) {
	var got bytes.Buffer
	if err := config.Describe(&got); err != nil {
		t.Fatal(err)
	}
	golden.Equal(t, "../docs/enshi.yaml", got.Bytes())
}

func TestDescribedFileIsTheDefaults(t *testing.T) {
	var file bytes.Buffer
	if err := config.Describe(&file); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("described.yaml", file.Bytes())
	if diff := cmp.Diff(config.Default(), c, sameValues, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("Parse of the described file: %v (-defaults +described):\n%s", err, diff)
	}
	// With every line uncommented but its value taken away, too.
	var emptied strings.Builder
	for line := range strings.Lines(file.String()) {
		if strings.HasSuffix(line, "]\n") && !strings.Contains(line, "[") {
			continue // the rest of a list
		}
		if key, _, ok := strings.Cut(line, ": "); ok && !strings.Contains(key, "#") {
			line = key + ":\n"
		}
		emptied.WriteString(line)
	}
	c, err = config.Parse("emptied.yaml", []byte(emptied.String()))
	if diff := cmp.Diff(config.Default(), c, sameValues); diff != "" || err != nil {
		t.Errorf("Parse of keys without values: %v (-defaults +emptied):\n%s", err, diff)
	}
}

func TestDescribedLinesFitATerminal(t *testing.T) {
	var file bytes.Buffer
	if err := config.Describe(&file); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(file.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 78 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	var walk func(v reflect.Type, prefix string)
	walk = func(v reflect.Type, prefix string) {
		for i := range v.NumField() {
			f := v.Field(i)
			name := f.Tag.Get("yaml")
			if !f.IsExported() || name == "-" {
				continue
			}
			if doc := f.Tag.Get("doc"); name == "" || !strings.HasSuffix(doc, ".") {
				t.Errorf("%s%s (%q): doc %q, want a sentence", prefix, f.Name, name, doc)
			}
			if f.Type.Kind() == reflect.Struct && f.Type.NumField() > 0 && f.Type.Field(0).Tag.Get("yaml") != "" {
				walk(f.Type, name+".")
			}
			if f.Type.Kind() == reflect.Map {
				walk(f.Type.Elem(), name+".*.")
			}
		}
	}
	walk(reflect.TypeFor[config.Config](), "")
}

func TestParseReadsEveryKind(t *testing.T) {
	in := `
site: {dir: /srv/site, title: 2022, language: zh-CN, timezone: Asia/Shanghai}
public_url: https://news.example.com
store: redis://:pass@127.0.0.1:6379/3
listen: ":8080"
roles: [web, send]
settle: 90s
rescan: 1d12h
feeds:
  limit: 20
  max_bytes: 512kB
  excerpt: true
  hubs: [https://hub.example.com/, "https://push.example.com/?feed=daily&v=2"]
  rights: © 恩施日报
  icon: https://www.example.com/icon.png
topics:
  tag:恩施日报新闻: {title: 恩施日报, slug: enshi, excerpt: false}
  "category: cafe\u0301": {retired: true}
  tag:茶:
digest: {at: 18:05, weekday: Friday, quiet: 0, cadence: weekly}
mail:
  smtp:
    - smtp://news@a.example.com:587
    - smtps://news@b.example.com?weight=3
  from: 恩施日报 <news@example.com>
  uncertain: hold
  providers:
    qq: {per_minute: 600}
    corp: {domains: corp.example.com, connections: 1, retries: ["HL:NO: 90s  2h", "too busy: 1d"]}
house:
  byline: false
`
	got, err := config.Parse("enshi.yaml", []byte(in))
	want := config.Default()
	want.Site = config.Site{Dir: "/srv/site", Title: "2022", Language: "zh-CN", Timezone: "Asia/Shanghai"}
	want.PublicURL = "https://news.example.com"
	want.Store = config.NewURL("redis://:pass@127.0.0.1:6379/3")
	want.Listen = ":8080"
	want.Roles = []string{"web", "send"}
	want.Settle, want.Rescan = 90*time.Second, 36*time.Hour
	want.Feeds.Limit, want.Feeds.MaxBytes, want.Feeds.Excerpt = 20, 512<<10, true
	want.Feeds.Hubs = []string{"https://hub.example.com/", "https://push.example.com/?feed=daily&v=2"}
	want.Feeds.Rights, want.Feeds.Icon = "© 恩施日报", "https://www.example.com/icon.png"
	want.Topics = config.Topics{
		"tag:恩施日报新闻": {Title: "恩施日报", Slug: "enshi", Excerpt: new(bool)}, "category:café": {Retired: true}, "tag:茶": {},
	}
	want.Digest.At, want.Digest.Weekday, want.Digest.Quiet, want.Digest.Cadence = config.Clock{Hour: 18, Minute: 5}, time.Friday, 0, "weekly"
	want.Mail.SMTP = []config.URL{config.NewURL("smtp://news@a.example.com:587"), config.NewURL("smtps://news@b.example.com?weight=3")}
	want.Mail.From = "恩施日报 <news@example.com>"
	want.Mail.Uncertain = "hold"
	qq := want.Mail.Providers["qq"]
	qq.PerMinute = 600 // and what the profile says beside it
	want.Mail.Providers["qq"] = qq
	want.Mail.Providers["corp"] = config.Provider{Domains: []string{"corp.example.com"}, Connections: 1,
		Retries: []config.Retry{{Answer: "HL:NO", Waits: []time.Duration{90 * time.Second, 2 * time.Hour}}, {Answer: "too busy", Waits: []time.Duration{24 * time.Hour}}}}
	want.House.Byline = false
	if diff := cmp.Diff(want, got, sameValues); diff != "" || err != nil {
		t.Errorf("Parse: %v (-want +got):\n%s", err, diff)
	}
}

func TestParseOfNothingIsTheDefaults(t *testing.T) {
	for _, in := range []string{"", "\n", "# nothing\n", "---\n", "~\n", "{}\n", "\ufeffdata: enshi-data\n"} {
		got, err := config.Parse("enshi.yaml", []byte(in))
		if diff := cmp.Diff(config.Default(), got, sameValues); diff != "" || err != nil {
			t.Errorf("Parse(%q): %v (-want +got):\n%s", in, err, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	var file bytes.Buffer
	if err := config.Describe(&file); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		file.String(), "site: &a {dir: .}\nfeeds: *a\n", "topics: {tag:a: &a {slug: b}, tag:c: *a}\n", "topics: &a {? *a : *a}\n", "a: &a [*a]\n", "feeds: {hubs: [[x]]}\n", "settle: 99999999d\n", "digest: {at: 7:5}\n",
		"? [a]\n: b\n", "<<: {data: x}\n", "mail: {smtp: [smtp://%zz]}\n", "%YAML 1.1\n---\ndata: x\n", "data: !!binary aGk=\n", "- x\n", "a: b\n---\nc: d\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		c, err := config.Parse("enshi.yaml", []byte(in))
		if err == nil {
			if err := c.Validate(); err != nil {
				t.Errorf("Parse(%q) was valid and is not now: %v", in, err)
			}
		}
	})
}
