package hub_test

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/feeds/hub"
)

// realPinger pings over real connections with a client of its own.
func realPinger(t *testing.T, address string) *hub.Pinger {
	t.Helper()
	p, err := hub.New(hub.Options{
		Hubs: []string{address}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Random: func() float64 { return 0.5 },
		Spacing: time.Millisecond, Timeout: 200 * time.Millisecond,
		Backoff: hub.Backoff{First: 5 * time.Millisecond, Most: 50 * time.Millisecond, GiveUp: 500 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// drained is what a hub at an address did with two topics.
func drained(t *testing.T, address string) hub.Stats {
	t.Helper()
	p := realPinger(t, address)
	p.Notify([]string{one, two})
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p.Stats()[0]
}

func TestRealHubs(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		answer                func(w http.ResponseWriter, r *http.Request, n int64)
		sent, failed, retried int64
	}{
		{"takes all", func(w http.ResponseWriter, _ *http.Request, _ int64) { w.WriteHeader(http.StatusNoContent) }, 2, 0, 0},
		{"500 twice", func(w http.ResponseWriter, _ *http.Request, n int64) {
			if n <= 2 {
				http.Error(w, "not now", http.StatusInternalServerError)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}, 2, 0, 2},
		{"307 and 308", func(w http.ResponseWriter, r *http.Request, n int64) {
			switch r.URL.Path {
			case "/":
				http.Redirect(w, r, "/second", http.StatusTemporaryRedirect)
			case "/second":
				http.Redirect(w, r, "/third", http.StatusPermanentRedirect)
			case "/third":
				if r.Method != http.MethodPost || r.PostFormValue("hub.mode") != "publish" {
					http.Error(w, "no ping", http.StatusBadRequest)
				}
			}
		}, 2, 0, 0},
		{"410", func(w http.ResponseWriter, _ *http.Request, _ int64) { http.Error(w, "gone", http.StatusGone) }, 0, 2, 0},
		{"hangs once", func(w http.ResponseWriter, r *http.Request, n int64) {
			if n == 1 {
				<-r.Context().Done()
			}
		}, 2, 0, 1},
		{"drops the connection once", func(_ http.ResponseWriter, _ *http.Request, n int64) {
			if n == 1 {
				panic(http.ErrAbortHandler)
			}
		}, 2, 0, 1},
		{"takes all and never ends its answer", func(w http.ResponseWriter, r *http.Request, _ int64) {
			w.WriteHeader(http.StatusAccepted)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, 2, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm() // reads the body, so that the end of the connection is noticed
				tt.answer(w, r, n.Add(1))
			}))
			defer server.Close()
			got := drained(t, server.URL+"/")
			if got.Sent != tt.sent || got.Failed != tt.failed || got.Retried != tt.retried {
				t.Errorf("Stats = %+v, want %d sent, %d failed, %d retried", got, tt.sent, tt.failed, tt.retried)
			}
		})
	}
}

func TestHubThatIsNotThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String() + "/"
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if got := drained(t, address); got.Failed != 2 || got.Sent != 0 || got.Retried == 0 {
		t.Errorf("Stats = %+v, want both given up after several attempts", got)
	}
}

func TestHubThatSpeaksNoHTTP(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(c).ReadString('\n')
			_, _ = c.Write([]byte("220 mail.example ESMTP\r\n"))
			c.Close()
		}
	}()
	if got := drained(t, "http://"+listener.Addr().String()+"/"); got.Failed != 2 {
		t.Errorf("Stats = %+v, want both given up", got)
	}
}

func TestRunEndsAtOnceAndClosesItsConnections(t *testing.T) {
	var open, pings atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if pings.Add(1) > 1 {
			<-r.Context().Done()
		}
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	p, err := hub.New(hub.Options{
		Hubs: []string{server.URL}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Random: func() float64 { return 0 },
		Spacing: time.Millisecond, Timeout: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	p.Notify([]string{one, two})
	await(t, "the second ping", func() bool { return pings.Load() == 2 })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
	if got := p.Stats()[0]; got.Sent != 1 || got.Waiting != 1 || got.Failed != 0 {
		t.Errorf("Stats = %+v, want one sent and one waiting", got)
	}
	await(t, "no connection", func() bool { return open.Load() == 0 })
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}
