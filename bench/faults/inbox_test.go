package faults

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/enshi-daily/enshi/internal/smtptest"
)

// letterTo is one edition's letter to one address.
type letterTo struct{ edition, address string }

// inbox is what the mail server has accepted. It outlives every kill.
type inbox struct {
	mu     sync.Mutex
	copies map[letterTo]int
	ids    map[letterTo]string // Message-IDs
	all    int
	faults []string
}

func newInbox() *inbox {
	return &inbox{copies: make(map[letterTo]int), ids: make(map[letterTo]string)}
}

// take notes a message: its edition stands in its Message-ID.
func (b *inbox) take(m smtptest.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, rest, _ := bytes.Cut(m.Data, []byte("\r\nMessage-ID: <"))
	raw, _, found := bytes.Cut(rest, []byte(">"))
	id := string(raw)
	edition, _, _ := strings.Cut(id, ".")
	if !found || edition == "" {
		b.faults = append(b.faults, "a mail to "+m.To+" has no Message-ID")
		return
	}
	if !bytes.HasSuffix(m.Data, []byte("--\r\n")) {
		b.faults = append(b.faults, "mail "+id+" is cut short")
	}
	to := letterTo{edition, m.To}
	if first, again := b.ids[to]; again && first != id {
		b.faults = append(b.faults, fmt.Sprintf("the copy of %s has Message-ID %s", first, id))
	}
	b.ids[to] = id
	b.copies[to]++
	b.all++
}

// count is how many messages there are in all.
func (b *inbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all
}

// got is how many copies an address has of its letter of an edition.
func (b *inbox) got(edition, address string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.copies[letterTo{edition, address}]
}

// copiesTo is how many mails an address has in all.
func (b *inbox) copiesTo(address string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for to, copies := range b.copies {
		if to.address == address {
			n += copies
		}
	}
	return n
}
