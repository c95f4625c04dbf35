package mailer_test

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/mailer"
)

func BenchmarkRender(b *testing.B) {
	r, l := newRenderer(b), bigLetter(12, 24, 70)
	for b.Loop() {
		if _, err := r.Render(l); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewComposer(b *testing.B) {
	o := mailer.ComposerOptions{Renderer: newRenderer(b), Keys: newKeys(b), From: mailer.Mailbox{Address: "news@example.org"}}
	for b.Loop() {
		if _, err := mailer.NewComposer(o); err != nil {
			b.Fatal(err)
		}
	}
}

// benchMessage is a letter of about 38 kB on the wire.
func benchMessage(b *testing.B, c *mailer.Composer) delivery.Message {
	b.Helper()
	raw, err := newRenderer(b).Render(bigLetter(11, 24, 100))
	if err != nil {
		b.Fatal(err)
	}
	if raw, err = mailer.Ready(raw); err != nil {
		b.Fatal(err)
	}
	m := messageWith(b, raw, "reader@example.net")
	b.SetBytes(int64(len(compose(b, c, m))))
	return m
}

// BenchmarkCompose is what a recipient costs before the network: into a buffer
// that is kept, as a connection does.
func BenchmarkCompose(b *testing.B) {
	c := newComposer(b)
	m := benchMessage(b, c)
	buf := make([]byte, 0, 200_000)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = c.ComposeInto(buf, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	address := discard(b)
	s := newSMTP(b, "smtp://"+address)
	m := benchMessage(b, newComposer(b))
	b.SetParallelism(4)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if out := s.Send(context.Background(), m, permit); out.Class != delivery.Delivered {
				b.Errorf("Send = %+v", out)
				return
			}
		}
	})
}

// discard is a server that says yes and keeps nothing.
func discard(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go swallow(conn)
		}
	}()
	return listener.Addr().String()
}

func swallow(conn net.Conn) {
	defer conn.Close()
	in, out := bufio.NewReaderSize(conn, 1<<16), bufio.NewWriter(conn)
	reply := "220 ready\r\n"
	body := false
	for {
		if reply != "" {
			out.WriteString(reply)
		}
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		switch {
		case body && string(line) == ".\r\n":
			body, reply = false, "250 queued\r\n"
		case body:
			reply = ""
		case strings.HasPrefix(string(line), "EHLO"):
			reply = "250-discard\r\n250 PIPELINING\r\n"
		case strings.HasPrefix(string(line), "DATA"):
			body, reply = true, "354 go\r\n"
		default:
			reply = "250 ok\r\n"
		}
	}
}
