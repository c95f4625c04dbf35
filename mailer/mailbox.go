package mailer

import (
	"fmt"
	"net/mail"
	"strings"

	"github.com/enshi-daily/enshi/subscribers"
)

// Mailbox is an address of ours with the name that people see.
type Mailbox struct {
	Name    string
	Address string // ParseMailbox makes it; bare, domain in ASCII
}

// ParseMailbox reads "news@example.org" or "Name <news@example.org>".
func ParseMailbox(s string) (Mailbox, error) {
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return Mailbox{}, fmt.Errorf("mailbox %q: expected name@example.org or Name <name@example.org>", s)
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	if domain := parsed.Address[at+1:]; domain == "localhost" {
		return Mailbox{parsed.Name, parsed.Address}, checkPath(parsed.Address)
	}
	address, err := subscribers.ParseAddress(parsed.Address)
	if err != nil {
		return Mailbox{}, fmt.Errorf("mailbox %q: %w", s, err)
	}
	return Mailbox{parsed.Name, string(address)}, nil
}

func (m Mailbox) domain() string { return m.Address[strings.LastIndexByte(m.Address, '@')+1:] }

// checkPath holds an address to what may stand between < and > in a header and
// in an SMTP command without ending either.
func checkPath(address string) error {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || at == len(address)-1 || len(address) > 254 {
		return errPath
	}
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`<>()[]\,;:"`, c) >= 0 || c == '@' && i != at {
			return errPath
		}
	}
	return nil
}

// errPath never quotes the address.
var errPath = fmt.Errorf("%w: it has characters that would end a header or a command", subscribers.ErrAddress)
