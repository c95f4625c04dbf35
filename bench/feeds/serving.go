package main

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/enshi-daily/enshi/feeds"
)

// service is a server that is measured.
type service struct {
	name    string
	process *exec.Cmd
	address string
	pids    []int
	ended   chan struct{}
	tag     string // its ETag of the document, gzipped
}

const (
	alternations = 7   // of one server and the other
	connections  = 64  // of wrk
	documentSize = 2e5 // the feed that is asked for has about so many bytes
)

// serving measures a running enshi: what a new post costs, and what it costs to
// be asked for a feed, against nginx on the same files.
func (b *bench) serving(ctx context.Context) error {
	say("enshi serve")
	if err := b.clear("serving", "serving.log")(); err != nil {
		return err
	}
	enshi, err := b.startEnshi(ctx)
	if err != nil {
		return err
	}
	defer enshi.stop()
	if err := b.arriving(ctx, enshi); err != nil {
		return err
	}
	nginx, err := b.startNginx(ctx)
	if err != nil {
		return err
	}
	defer nginx.stop()
	path, size, err := b.findDocument()
	if err != nil {
		return err
	}
	for _, s := range []*service{nginx, enshi} {
		if s.tag, err = s.ask(ctx, path); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for _, kind := range []struct {
		what        string
		conditional bool
		least       float64
	}{{fmt.Sprintf("200 for a feed of %d kB, gzip", size/1000), false, 0.5}, {"304 for who has it", true, 0.6}} {
		say("%s, %d times each", kind.what, alternations)
		ours, theirs := load{}, load{}
		for range alternations {
			for _, one := range []struct {
				server *service
				load   *load
			}{{nginx, &theirs}, {enshi, &ours}} {
				if err := b.ask(ctx, one.server, path, kind.conditional, one.load); err != nil {
					return err
				}
			}
		}
		work := times(median(theirs.cost), median(ours.cost))
		b.table.add(row{kind.what, fmt.Sprintf("%s a request, nginx %s", micro(median(ours.cost)), micro(median(theirs.cost))),
			fmt.Sprintf("%.2f of nginx for the processor time", work), fmt.Sprintf("at least %.1f of nginx", kind.least), verdict(work >= kind.least)})
		b.table.add(row{measured: fmt.Sprintf("%.0f a second, nginx %.0f, wrk beside them", median(ours.rate), median(theirs.rate)),
			ratio: fmt.Sprintf("%.2f of nginx", median(ours.rate)/median(theirs.rate))})
	}
	return nil
}

func micro(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1000) }

// load is what was found in each run.
type load struct {
	cost []time.Duration // processor time a request
	rate []float64       // requests a second
}

// ask lets wrk ask a server for a while.
func (b *bench) ask(ctx context.Context, s *service, path string, conditional bool, l *load) error {
	args := []string{"-t1", "-c" + strconv.Itoa(connections), fmt.Sprintf("-d%ds", b.seconds), "-H", "Accept-Encoding: gzip"}
	if conditional {
		args = append(args, "-H", "If-None-Match: "+s.tag)
	}
	before, err := processorTime(s.pids...)
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "wrk", append(args, "http://"+s.address+path)...).Output()
	if err != nil {
		return fmt.Errorf("wrk: %w", err)
	}
	after, err := processorTime(s.pids...)
	if err != nil {
		return err
	}
	requests, rate, err := readWrk(string(out))
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	l.cost = append(l.cost, (after-before)/time.Duration(requests))
	l.rate = append(l.rate, rate)
	return nil
}

var (
	wrkRequests = regexp.MustCompile(`(?m)^\s*(\d+) requests in `)
	wrkRate     = regexp.MustCompile(`(?m)^Requests/sec:\s+([0-9.]+)`)
)

// readWrk reads what wrk printed.
func readWrk(out string) (requests int, rate float64, err error) {
	n, r := wrkRequests.FindStringSubmatch(out), wrkRate.FindStringSubmatch(out)
	if n == nil || r == nil || strings.Contains(out, "Non-2xx") || strings.Contains(out, "Socket errors") {
		return 0, 0, fmt.Errorf("wrk did not get good answers: %s", out)
	}
	if requests, err = strconv.Atoi(n[1]); err != nil || requests == 0 {
		return 0, 0, fmt.Errorf("wrk: %q requests", n[1])
	}
	rate, err = strconv.ParseFloat(r[1], 64)
	return requests, rate, err
}

// findDocument is the Atom or RSS feed nearest to documentSize.
func (b *bench) findDocument() (path string, size int, err error) {
	best, root := "", b.path("serving", "public")
	err = filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(name) != ".xml" || strings.Contains(name, "/archive/") {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if n := int(info.Size()); best == "" || abs(n-documentSize) < abs(size-documentSize) {
			best, size = name, n
		}
		return nil
	})
	if err == nil && best == "" {
		err = fmt.Errorf("no feed below %s", root)
	}
	if err != nil {
		return "", 0, err
	}
	best, err = filepath.Rel(root, best)
	return feeds.EncodePath(filepath.ToSlash(best)), size, err
}

func abs(n int) int { return max(n, -n) }

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// start runs a server until it answers.
func (b *bench) start(ctx context.Context, s *service) error {
	log, err := os.Create(b.path(s.name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.process.Dir, s.process.Stdout, s.process.Stderr = b.dir, log, log
	if err := s.process.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	go func() {
		_ = s.process.Wait() // whatever it says: its log says why
		close(s.ended)
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", s.address); err == nil {
			if err := c.Close(); err != nil {
				return err
			}
			break
		}
		if ctx.Err() != nil || s.hasEnded() || time.Now().After(deadline) {
			s.stop()
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s does not answer at %s: %s", s.name, s.address, last(text, 2000))
		}
	}
	s.pids, err = family(s.process.Process.Pid)
	return err
}

func (s *service) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended
	<-s.ended
}

func (s *service) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

func (b *bench) startEnshi(ctx context.Context) (*service, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &service{name: "serving", address: address}
	s.process = exec.Command(b.path("bin", "enshi"), "serve", "--site", "site", "--data", "serving", "--settle", settle.String(), "--listen", address)
	if err := b.start(ctx, s); err != nil {
		return nil, err
	}
	if err := b.published(ctx, s, 1); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

const nginxConfig = `daemon off;
%sworker_processes 2;
pid nginx.pid;
error_log error.log;
events { worker_connections 1024; }
http {
  access_log access.log combined;
  sendfile on;
  tcp_nopush on;
  etag on;
  gzip_static on;
  gzip_vary on;
  keepalive_requests 1000000000;
  types { application/atom+xml xml; application/feed+json json; text/html html; }
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server {
    listen %s;
    root %s;
    add_header Cache-Control "public, max-age=300";
  }
}
`

// startNginx serves the files that enshi serves.
func (b *bench) startNginx(ctx context.Context) (*service, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // the directory is nobody else's
	}
	if err := os.MkdirAll(b.path("nginx"), 0o777); err != nil {
		return nil, err
	}
	config := fmt.Sprintf(nginxConfig, user, address, b.path("serving", "public"))
	if err := os.WriteFile(b.path("nginx", "nginx.conf"), []byte(config), 0o666); err != nil {
		return nil, err
	}
	s := &service{name: "nginx", address: address}
	s.process = exec.Command("nginx", "-p", b.path("nginx"), "-c", b.path("nginx", "nginx.conf"))
	return s, b.start(ctx, s)
}

// ask asks for the document once, makes sure of the answer and returns its ETag.
func (s *service) ask(ctx context.Context, path string) (tag string, err error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	t := textproto.NewConn(c)
	if err := t.PrintfLine("GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\nConnection: close\r\n", path, s.address); err != nil {
		return "", err
	}
	status, err := t.ReadLine()
	if err != nil {
		return "", err
	}
	head, err := t.ReadMIMEHeader()
	if err != nil {
		return "", err
	}
	if !strings.Contains(status, " 200 ") || !slices.Contains(head["Content-Encoding"], "gzip") || head.Get("ETag") == "" {
		return "", fmt.Errorf("GET %s: %s, %v: not a gzipped document with an ETag", path, status, head)
	}
	return head.Get("ETag"), nil
}
