//go:build bench

package send

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// delayed is a proxy before an address through which every byte takes half of a
// round trip, either way, while any number of bytes may be under way.
func delayed(tb testing.TB, address string, trip time.Duration) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(tb, "proxy", err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", address)
			if err != nil {
				client.Close()
				continue
			}
			running.Go(func() { late(server, client, trip/2) })
			running.Go(func() { late(client, server, trip/2) })
		}
	})
	tb.Cleanup(func() {
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			tb.Error(err)
		}
		running.Wait()
	})
	return listener.Addr().String()
}

// late copies what comes from src to dst, each piece so much later.
func late(dst, src net.Conn, by time.Duration) {
	type piece struct {
		data []byte
		due  time.Time
	}
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			buf := make([]byte, 32<<10)
			n, err := src.Read(buf)
			if n > 0 {
				pieces <- piece{buf[:n], time.Now().Add(by)}
			}
			if err != nil {
				return
			}
		}
	}()
	defer dst.Close()
	for p := range pieces {
		time.Sleep(time.Until(p.due))
		if _, err := dst.Write(p.data); err != nil {
			_, _ = io.Copy(io.Discard, src)
			return
		}
	}
}
