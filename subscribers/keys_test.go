package subscribers_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/subscribers"
)

// key is a key of 32 bytes, all b, as a key file holds it.
func key(b byte) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(b)), 32)))
}

// ring is a key ring with the identity key 'i' and link keys of the given
// ids, in order.
func ring(tb testing.TB, ids ...byte) *subscribers.Keys {
	tb.Helper()
	var links []string
	for _, id := range ids {
		links = append(links, fmt.Sprintf(`{"id":%d,"key":%q}`, id, key('a'+id)))
	}
	k, err := subscribers.ParseKeys([]byte(fmt.Sprintf(`{"identity":%q,"links":[%s]}`, key('i'), strings.Join(links, ","))))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestKeysSurviveMarshal(t *testing.T) {
	k := subscribers.NewKeys()
	data, err := k.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := subscribers.ParseKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	if k.Fingerprint() != again.Fingerprint() || k.ID("li@example.com") != again.ID("li@example.com") {
		t.Error("the identity key is another one after Marshal and ParseKeys")
	}
	l := subscribers.Link{Purpose: subscribers.PurposeExport, Subscriber: k.ID("li@example.com"), Generation: 3}
	if got, err := again.Verify(k.Sign(l), subscribers.PurposeExport, now); err != nil || got != l {
		t.Errorf("Verify after Marshal and ParseKeys = %+v, %v, want %+v", got, err, l)
	}
}

func TestNewKeysAreRandom(t *testing.T) {
	a, b := subscribers.NewKeys(), subscribers.NewKeys()
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("two new rings have one fingerprint")
	}
	if a.ID("li@example.com") == b.ID("li@example.com") {
		t.Error("two new rings give one ID")
	}
}

func TestParseKeysRefuses(t *testing.T) {
	short := base64.StdEncoding.EncodeToString([]byte("short"))
	tests := []struct{ name, in string }{
		{"nothing", ""},
		{"no JSON", "identity: x"},
		{"no identity key", `{"links":[{"id":1,"key":"` + key('a') + `"}]}`},
		{"short identity key", `{"identity":"` + short + `","links":[{"id":1,"key":"` + key('a') + `"}]}`},
		{"no link key", `{"identity":"` + key('i') + `"}`},
		{"short link key", `{"identity":"` + key('i') + `","links":[{"id":1,"key":"` + short + `"}]}`},
		{"one id twice", `{"identity":"` + key('i') + `","links":[{"id":1,"key":"` + key('a') + `"},{"id":1,"key":"` + key('b') + `"}]}`},
		{"id beyond a byte", `{"identity":"` + key('i') + `","links":[{"id":256,"key":"` + key('a') + `"}]}`},
		{"two rings", `{"identity":"` + key('i') + `","links":[{"id":1,"key":"` + key('a') + `"}]}{}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := subscribers.ParseKeys([]byte(tt.in))
			if err == nil {
				t.Fatal("ParseKeys accepted it")
			}
			if strings.Contains(err.Error(), key('a')) || strings.Contains(err.Error(), key('i')) {
				t.Errorf("the error quotes a key: %v", err)
			}
		})
	}
}

func TestID(t *testing.T) {
	k := ring(t, 1)
	id := k.ID("Li.Na@example.com")
	if len(id) != 12 || strings.Trim(string(id), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("ID = %q, want 12 characters of base64url", id)
	}
	if got := k.ID("li.na@example.com"); got != id {
		t.Errorf("ID differs by the case of the local part: %q and %q", got, id)
	}
	if got := k.ID("lina@example.com"); got == id {
		t.Error("two addresses have one ID")
	}
	if got := ring(t, 2, 1).ID("li.na@example.com"); got != id {
		t.Errorf("ID changed with the link keys: %q and %q", got, id)
	}
}

func TestFingerprintGivesNoKeyAway(t *testing.T) {
	k := ring(t, 1)
	if got := k.Fingerprint(); len(got) != 16 {
		t.Errorf("Fingerprint = %q, want 16 hex digits", got)
	}
	if ring(t, 2).Fingerprint() != k.Fingerprint() {
		t.Error("the fingerprint changed with a link key")
	}
}

func TestDerivedNamesDoNotMix(t *testing.T) {
	k := ring(t, 1)
	seen := map[string]string{}
	for name, value := range map[string]string{
		"letter a b":      k.LetterID("a", "b"),
		"letter ab -":     k.LetterID("ab", ""),
		"letter a\\0b -":  k.LetterID("a\x00b", ""),
		"letter a \\0b":   k.LetterID("a", "\x00b"),
		"blind sign-up a": k.Blind("sign-up", "a"),
		"blind hook a":    k.Blind("hook", "a"),
		"blind sign-up b": k.Blind("sign-up", "b"),
	} {
		if other, ok := seen[value]; ok {
			t.Errorf("%q and %q are both %q", name, other, value)
		}
		seen[value] = name
	}
	if again := ring(t, 7).LetterID("a", "b"); again != k.LetterID("a", "b") {
		t.Error("LetterID depends on the link keys")
	}
	if got := k.Blind("sign-up", "192.0.2.1"); strings.Contains(got, "192.0.2") {
		t.Errorf("Blind = %q holds the value", got)
	}
}

func TestMarshalIsJSON(t *testing.T) {
	data, err := ring(t, 1, 2).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Links []struct{ ID int }
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Links) != 2 || file.Links[0].ID != 1 {
		t.Errorf("Marshal = %s, %v", data, err)
	}
}
