package mailer

import "github.com/enshi-daily/enshi/delivery"

// What tests see of the inside.

func AppendText(dst []byte, name, value string) []byte { return appendText(dst, name, value) }

func AppendMailbox(dst []byte, name string, m Mailbox) []byte { return appendMailbox(dst, name, m) }

func Clean(s string) string { return clean(s) }

func (c *Composer) ComposeInto(buf []byte, m *delivery.Message) ([]byte, error) {
	e, err := c.compose(buf[:0], m)
	return e.bytes, err
}

func NewInliner() func(string) (string, error) { return newInliner().inline }

func Greeting(system, public string) string { return greeting(system, public) }
