package delivery_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

func rollID(n int) subscribers.ID {
	hash := sha256.Sum256(fmt.Append(nil, n))
	return subscribers.ID(base64.RawURLEncoding.EncodeToString(hash[:9]))
}

// sentTo are deliveries to people from to to.
func sentTo(from, to int, letter func(n int) string) (sent []delivery.Delivery) {
	for n := from; n < to; n++ {
		sent = append(sent, delivery.Delivery{Subscriber: rollID(n), Letter: letter(n)})
	}
	return sent
}

func TestRollRoundTrip(t *testing.T) {
	letter := func(n int) string { return fmt.Sprint("letter", n%7) }
	// Far from evenly spread, too.
	edge := []delivery.Delivery{
		{Subscriber: "AAAAAAAAAAAA", Letter: "edge"}, {Subscriber: "AAAAAAABAAAA", Letter: "edge"}, {Subscriber: "________AAAA", Letter: "edge"},
	}
	for _, people := range []int{0, 1, 2, 3, 1000, 20_000} {
		data := delivery.Roll{}.With(sentTo(0, people, letter)).With(edge).Encode()
		got, err := delivery.DecodeRoll(data)
		if err != nil {
			t.Fatal(err)
		}
		if got.Len() != people+len(edge) {
			t.Errorf("%d members, want %d", got.Len(), people+len(edge))
		}
		if !bytes.Equal(data, got.Encode()) {
			t.Errorf("%d people: encoded twice, other bytes", people)
		}
		for n := range 2 * people {
			want := ""
			if n < people {
				want = letter(n)
			}
			if got.Letter(rollID(n)) != want {
				t.Fatalf("Letter(%d of %d) = %q, want %q", n, people, got.Letter(rollID(n)), want)
			}
		}
		for _, d := range edge {
			if got.Letter(d.Subscriber) != "edge" {
				t.Errorf("Letter(%s) = %q, want edge", d.Subscriber, got.Letter(d.Subscriber))
			}
		}
	}
	if r, err := delivery.DecodeRoll(nil); err != nil || r.Len() != 0 {
		t.Errorf("nothing: %v, %v, want an empty roll", r, err)
	}
}

// TestRollGrows adds people in two steps, some of them twice.
func TestRollGrows(t *testing.T) {
	letter := func(n int) string { return fmt.Sprint(n % 3) }
	whole := delivery.Roll{}.With(sentTo(0, 500, letter))
	grown := delivery.Roll{}.With(sentTo(200, 500, letter)).With(sentTo(0, 300, letter))
	if !bytes.Equal(whole.Encode(), grown.Encode()) {
		t.Errorf("a roll of two steps has %d members and other bytes than one of %d", grown.Len(), whole.Len())
	}
}

// TestRollIsSmall holds a roll of as many people as a shard of a million has to
// a few bytes each.
func TestRollIsSmall(t *testing.T) {
	const people = 16_000
	for letters, most := range map[int]float64{1: 4.6, 30: 5.3} {
		sent := sentTo(0, people, func(n int) string { return fmt.Sprintf("letter-of-26-characters-%02d", n%letters) })
		if each := float64(len(delivery.Roll{}.With(sent).Encode())) / people; each > most {
			t.Errorf("%d letters: %.2f bytes a person, want at most %.1f", letters, each, most)
		}
	}
}

func FuzzDecodeRoll(f *testing.F) {
	f.Add(delivery.Roll{}.With(sentTo(0, 30, func(n int) string { return fmt.Sprint(n % 3) })).Encode())
	f.Add([]byte{1, 0, 0xff, 0xff, 3})
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := delivery.DecodeRoll(data)
		if err != nil {
			return
		}
		again, err := delivery.DecodeRoll(r.Encode())
		if err != nil || again.Len() != r.Len() {
			t.Fatalf("%d members read, %d after encoding them: %v", r.Len(), again.Len(), err)
		}
	})
}
