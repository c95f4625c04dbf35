package subscribers_test

import (
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

var purposes = [...]subscribers.Purpose{
	subscribers.PurposeConfirm, subscribers.PurposeUnsubscribe, subscribers.PurposePreferences,
	subscribers.PurposeUndo, subscribers.PurposeFeed, subscribers.PurposeExport,
}

func TestSignAndVerify(t *testing.T) {
	k := ring(t, 1)
	id := k.ID("li@example.com")
	tests := []struct {
		name string
		link subscribers.Link
	}{
		{"for ever", subscribers.Link{Purpose: subscribers.PurposeUnsubscribe, Subscriber: id}},
		{"with all", subscribers.Link{Purpose: subscribers.PurposeConfirm, Subscriber: id, Generation: 7, Expires: now.Add(time.Hour)}},
		{"greatest generation", subscribers.Link{Purpose: subscribers.PurposeFeed, Subscriber: id, Generation: math.MaxUint32}},
		{"last moment", subscribers.Link{Purpose: subscribers.PurposeUndo, Subscriber: id, Expires: now}},
	}
	length := len(k.Sign(tests[0].link))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := k.Sign(tt.link)
			if len(token) != length {
				t.Errorf("Sign = %d characters, want %d for every link", len(token), length)
			}
			if strings.ContainsAny(token, "+/=") {
				t.Errorf("Sign = %q needs encoding in an address", token)
			}
			got, err := k.Verify(token, tt.link.Purpose, now)
			if err != nil || got != tt.link {
				t.Errorf("Verify = %+v, %v, want %+v", got, err, tt.link)
			}
		})
	}
}

func TestVerifyRefusesEveryAlteredByte(t *testing.T) {
	k := ring(t, 1, 2)
	token := k.Sign(subscribers.Link{Purpose: subscribers.PurposeConfirm, Subscriber: k.ID("li@example.com"), Generation: 1, Expires: now.Add(time.Hour)})
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			altered := []byte(string(raw))
			altered[i] ^= 1 << bit
			refuse(t, k, base64.RawURLEncoding.EncodeToString(altered))
		}
	}
	for i := range token {
		for _, c := range []byte("Az_-=\n\r \x00") {
			if token[i] != c {
				refuse(t, k, token[:i]+string(rune(c))+token[i+1:])
			}
		}
		refuse(t, k, token[:i])
		refuse(t, k, token[:i]+"\n"+token[i:])
	}
}

func TestVerifyRefusesWhatIsNoToken(t *testing.T) {
	k := ring(t, 1)
	token := k.Sign(subscribers.Link{Purpose: subscribers.PurposeConfirm, Subscriber: k.ID("li@example.com")})
	for _, bad := range []string{
		"", "x", token + "A", token + "=", " " + token, strings.Repeat("\n", len(token)), strings.Repeat("A", len(token)),
		token[:len(token)-1] + "\n", "\r\n" + token[2:], strings.Repeat("恩", len(token)/3),
	} {
		refuse(t, k, bad)
	}
	other := subscribers.NewKeys()
	refuse(t, other, token)
}

func refuse(t *testing.T, k *subscribers.Keys, token string) {
	t.Helper()
	for _, p := range purposes {
		if l, err := k.Verify(token, p, now); !errors.Is(err, subscribers.ErrLink) || l != (subscribers.Link{}) {
			t.Fatalf("Verify(%q, %d) = %+v, %v, want ErrLink", token, p, l, err)
		}
	}
}

func TestPurposesDoNotMix(t *testing.T) {
	k := ring(t, 1)
	for _, signed := range purposes {
		token := k.Sign(subscribers.Link{Purpose: signed, Subscriber: k.ID("li@example.com")})
		for _, asked := range purposes {
			_, err := k.Verify(token, asked, now)
			if want := signed != asked; errors.Is(err, subscribers.ErrLink) != want {
				t.Errorf("a link for %d, asked as %d: %v", signed, asked, err)
			}
		}
	}
}

func TestRotation(t *testing.T) {
	old, both, flipped, renewed := ring(t, 1), ring(t, 2, 1), ring(t, 1, 2), ring(t, 2)
	link := subscribers.Link{Purpose: subscribers.PurposePreferences, Subscriber: old.ID("li@example.com"), Generation: 1}
	before, after := old.Sign(link), both.Sign(link)
	if before == after {
		t.Fatal("the first key of the ring does not sign")
	}
	if flipped.Sign(link) != before || renewed.Sign(link) != after {
		t.Error("the token depends on keys that do not sign")
	}
	for name, token := range map[string]string{"old": before, "new": after} {
		for _, k := range []*subscribers.Keys{both, flipped} {
			if got, err := k.Verify(token, link.Purpose, now); err != nil || got != link {
				t.Errorf("a ring of both keys: token of the %s key: %+v, %v", name, got, err)
			}
		}
	}
	refuse(t, renewed, before)
	refuse(t, old, after)
}

func TestExpiry(t *testing.T) {
	k := ring(t, 1)
	tests := []struct {
		name    string
		expires time.Time
		at      time.Time
		want    error
	}{
		{"before", now.Add(time.Second), now, nil},
		{"at its moment", now, now, nil},
		{"a second after", now, now.Add(time.Second), subscribers.ErrExpired},
		{"never", time.Time{}, now.AddDate(80, 0, 0), nil},
		{"a date before 1970 is not never", time.Unix(-5, 0), now, subscribers.ErrExpired},
		{"1970 is not never", time.Unix(0, 0), now, subscribers.ErrExpired},
		{"a date that does not fit is far away", time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), now, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := k.ID("li@example.com")
			l, err := k.Verify(k.Sign(subscribers.Link{Purpose: subscribers.PurposeUndo, Subscriber: id, Expires: tt.expires}), subscribers.PurposeUndo, tt.at)
			if !errors.Is(err, tt.want) {
				t.Errorf("Verify: %v, want %v", err, tt.want)
			}
			if l.Subscriber != id {
				t.Errorf("Verify names %q, want %q: an expired link was ours", l.Subscriber, id)
			}
		})
	}
}

func TestSignForAWrongIDIsNobodys(t *testing.T) {
	k := ring(t, 1)
	id := k.ID("li@example.com")
	for _, wrong := range []subscribers.ID{"", "!", id[:8], id + "AAAA", "恩施恩施"} {
		l, err := k.Verify(k.Sign(subscribers.Link{Purpose: subscribers.PurposeFeed, Subscriber: wrong}), subscribers.PurposeFeed, now)
		if err != nil || l.Subscriber != "AAAAAAAAAAAA" {
			t.Errorf("Sign for %q gives a link of %q, %v", wrong, l.Subscriber, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	a := subscribers.Addresses{Public: "https://news.example.com", Keys: ring(t, 1)}
	id := a.Keys.ID("li@example.com")
	tests := []struct {
		name, address, prefix string
		want                  subscribers.Link
	}{
		{"confirm", a.Confirm(id, 2, now), "https://news.example.com/confirm/",
			subscribers.Link{Purpose: subscribers.PurposeConfirm, Subscriber: id, Generation: 2, Expires: now.Add(7 * 24 * time.Hour)}},
		{"unsubscribe", a.Unsubscribe(id), "https://news.example.com/unsubscribe/",
			subscribers.Link{Purpose: subscribers.PurposeUnsubscribe, Subscriber: id}},
		{"preferences", a.Preferences(id, 3), "https://news.example.com/preferences/",
			subscribers.Link{Purpose: subscribers.PurposePreferences, Subscriber: id, Generation: 3}},
		{"undo", a.Undo(id, 4, now), "https://news.example.com/unsubscribe/",
			subscribers.Link{Purpose: subscribers.PurposeUndo, Subscriber: id, Generation: 4, Expires: now.Add(24 * time.Hour)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token, ok := strings.CutPrefix(tt.address, tt.prefix)
			if !ok {
				t.Fatalf("address %q, want it below %q", tt.address, tt.prefix)
			}
			got, err := a.Keys.Verify(token, tt.want.Purpose, now)
			if err != nil || got != tt.want {
				t.Errorf("Verify = %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	k := ring(f, 1, 2)
	for _, p := range purposes {
		f.Add(k.Sign(subscribers.Link{Purpose: p, Subscriber: k.ID("li@example.com"), Generation: 5, Expires: now}), byte(p))
	}
	f.Add(strings.Repeat("\n", 48), byte(1))
	f.Add("", byte(0))
	f.Fuzz(func(t *testing.T, token string, purpose byte) {
		l, err := k.Verify(token, subscribers.Purpose(purpose), now)
		if err != nil {
			return
		}
		// Only our own tokens verify: signing what it says gives it back.
		if l.Purpose != subscribers.Purpose(purpose) || k.Sign(l) != token {
			t.Fatalf("Verify(%q, %d) accepted %+v, which signs as %q", token, purpose, l, k.Sign(l))
		}
	})
}
