package redisdb_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/subscribers"
)

func TestScriptsSayWhatTheyTakeAndReturn(t *testing.T) {
	files, err := filepath.Glob("lua/*.lua")
	check(t, "Glob", err)
	if len(files) < 20 {
		t.Fatalf("%d scripts, expected all of them", len(files))
	}
	constants, err := os.ReadFile("script.go")
	check(t, "ReadFile", err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, "ReadFile", err)
		name := strings.TrimSuffix(filepath.Base(file), ".lua")
		if name == "prelude" {
			continue
		}
		header, _, _ := strings.Cut(string(text), "\nlocal ")
		for _, word := range []string{"-- KEYS: ", "-- ARGV: ", "-- Returns: "} {
			if !strings.Contains(header, word) {
				t.Errorf("%s: the header lacks %q", file, word)
			}
		}
		if !strings.Contains(string(constants), `script = "`+name+`"`) {
			t.Errorf("%s: script.go has no constant for it", file)
		}
	}
}

// A script's keys are all in KEYS: none is built inside.
func TestScriptsBuildNoKeys(t *testing.T) {
	files, err := filepath.Glob("lua/*.lua")
	check(t, "Glob", err)
	call := regexp.MustCompile(`redis\.call\('(\w+)',\s*([^,)]+)`)
	given := regexp.MustCompile(`^(KEYS\[|keys\[|key\b|epoch\b|led\b|cnt\b|queues\b|leases\b|ended\b|stopped\b|from\b|to\b|ready\[|fresh\[)`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, "ReadFile", err)
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			found++
			if m[1] != "TIME" && !given.MatchString(m[2]) {
				t.Errorf("%s: %s on %s, which is none of its keys", file, m[1], m[2])
			}
		}
	}
	if found < 50 {
		t.Errorf("found %d calls, expected more", found)
	}
}

func TestScriptsAgreeWithSendable(t *testing.T) {
	db, _ := start(t)
	for _, edition := range []string{"daily-20261124-5", "instant-20261124-9", delivery.EditionConfirm, delivery.EditionAlready} {
		for _, state := range []subscribers.State{
			subscribers.Pending, subscribers.Active, subscribers.Unsubscribed,
			subscribers.Bounced, subscribers.Complained, subscribers.Erased,
		} {
			got, err := db.Unsendable(t.Context(), state, edition)
			check(t, "Unsendable", err)
			want, ok := delivery.Sendable(state, edition)
			if got != string(want) || ok != (got == "") {
				t.Errorf("the scripts skip %s in %s as %q, Sendable says %q, %v", state, edition, got, want, ok)
			}
		}
	}
}

func TestShardIsTheLowSixBitsOfTheLastByte(t *testing.T) {
	for b := range 256 {
		raw := [9]byte{8: byte(b)}
		id := subscribers.ID(base64.RawURLEncoding.EncodeToString(raw[:]))
		if got, err := redisdb.ShardOf(id); err != nil || got != b&63 {
			t.Errorf("ShardOf(%s) = %d, %v, want %d", id, got, err, b&63)
		}
	}
	for _, id := range []subscribers.ID{"", "short", "AAAAAAAAAAAAA", "AAAAAAAAAAA{", "AAAAAAAAAAé"} {
		if _, err := redisdb.ShardOf(id); err == nil || !strings.Contains(err.Error(), "12 characters") {
			t.Errorf("ShardOf(%q) = %v, want an error that says what is expected", id, err)
		}
	}
}

func TestRecordIsReadable(t *testing.T) {
	db, _ := start(t)
	s := reader(7)
	s.Topics = []posts.Topic{"category:enshiribao", "tag:恩施日报新闻"}
	check(t, "Save", db.Save(t.Context(), s, subscribers.NoNotice))
	got, err := db.Client().HGetAll(t.Context(), "enshi:{s07}:sub:"+string(s.ID)).Result()
	check(t, "HGetAll", err)
	for field, want := range map[string]string{
		"address": "reader.number.7@example.org", "state": "active", "cadence": "daily", "language": "zh-Hans",
		"topics": `["category:enshiribao","tag:恩施日报新闻"]`, "created": "2026-01-02T03:04:05Z",
		"cursor": "0", "version": "1", "generation": "1",
	} {
		if got[field] != want {
			t.Errorf("field %s = %q, want %q", field, got[field], want)
		}
	}
}
