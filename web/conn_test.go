package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/web"
)

// folder serves files as documents that nobody packed.
type folder map[string]feeds.File

func (f folder) Lookup(path string) (feeds.File, bool) {
	file, ok := f[path]
	return file, ok
}

// sized makes a document of n bytes.
func (f folder) sized(t *testing.T, n int) []byte {
	t.Helper()
	body := bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]
	name := filepath.Join(t.TempDir(), "feed.xml")
	if err := os.WriteFile(name, body, 0o666); err != nil {
		t.Fatal(err)
	}
	modified := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(name, modified, modified); err != nil {
		t.Fatal(err)
	}
	f[fmt.Sprintf("%d.xml", n)] = feeds.File{
		Name: name, MediaType: feeds.Atom.MediaType(), ETag: fmt.Sprintf("%032d", n), Modified: modified, Size: int64(n),
	}
	return body
}

// TestAnswersOfAllSizesAreWhole asks over one connection, as readers do, for
// bodies on either side of every buffer's size, for what is too large to be
// held, and for pages in between.
func TestAnswersOfAllSizesAreWhole(t *testing.T) {
	documents, bodies := folder{}, make(map[int][]byte)
	for n := 0; n <= 9000; n += 61 {
		bodies[n] = documents.sized(t, n)
	}
	for _, n := range []int{1000, 2000, 2048, 3000, 4095, 4096, 4097, 50_000, 65_536, 200_000} {
		bodies[n] = documents.sized(t, n)
	}
	s := newSite(t, func(o *web.Options) { o.Documents, o.Memory = documents, 1<<20 })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.server.Run(ctx, listener) }()
	connections := 0
	transport := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		connections++
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	client := &http.Client{Transport: transport}
	get := func(path string) []byte {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listener.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("GET %s = %d, %v", path, answer.StatusCode, err)
		}
		return body
	}
	for n, want := range bodies {
		for range 2 {
			if got := get(fmt.Sprintf("/%d.xml", n)); !bytes.Equal(got, want) {
				t.Errorf("%d bytes asked for, got %d", n, len(got))
			}
		}
		if n%1000 == 0 && len(get("/")) == 0 {
			t.Error("the start page is empty")
		}
	}
	if connections != 1 {
		t.Errorf("%d connections, want one that is kept", connections)
	}
	transport.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}
