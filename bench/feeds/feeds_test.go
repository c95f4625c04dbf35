package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestWrkIsRead(t *testing.T) {
	const good = `Running 2s test @ http://127.0.0.1:1/feed.xml
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.47ms    5.10ms  98.21ms   96.40%
  35021 requests in 2.01s, 1.31GB read
Requests/sec:  17423.38
Transfer/sec:    668.45MB
`
	requests, rate, err := readWrk(good)
	if requests != 35021 || rate != 17423.38 || err != nil {
		t.Errorf("readWrk = %d, %v, %v, want 35021, 17423.38", requests, rate, err)
	}
	for name, out := range map[string]string{
		"nothing":        "",
		"no requests":    strings.Replace(good, "35021", "0", 1),
		"refusals":       good + "  Non-2xx or 3xx responses: 35021\n",
		"broken off":     good + "  Socket errors: connect 0, read 5, write 0, timeout 0\n",
		"without a rate": strings.Replace(good, "Requests/sec", "Requests", 1),
	} {
		if _, _, err := readWrk(out); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTable(t *testing.T) {
	var b table
	b.add(row{what: "limit", measured: "1.00 s"})
	b.add(row{"建立", "6.50 s", "6.50 × limit", "at most 6", verdict(false)})
	b.add(row{what: "list", measured: "2.0 ms", verdict: verdict(true)})
	want := `| what  | measured | ratio        | must reach |         |
|-------|----------|--------------|------------|---------|
| limit | 1.00 s   |              |            |         |
| 建立    | 6.50 s   | 6.50 × limit | at most 6  | missed  |
| list  | 2.0 ms   |              |            | reached |
`
	if got := b.String(); got != want {
		t.Errorf("table:\n%s\nwant:\n%s", got, want)
	}
}

func TestMedian(t *testing.T) {
	list := []int{5, 1, 9, 3, 7}
	if got := median(list); got != 5 || list[0] != 5 {
		t.Errorf("median = %d, list now %v, want 5 and the list as it was", got, list)
	}
}

func TestProcessorTimeGrowsWithWork(t *testing.T) {
	before, err := processorTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for now := before; now-before < 5*time.Millisecond; {
		if time.Now().After(deadline) {
			t.Fatal("a minute of work took no processor time")
		}
		if now, err = processorTime(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := processorTime(1 << 30); err == nil {
		t.Error("a process that is not there has a processor time")
	}
}

func TestNewPostIsReadByName(t *testing.T) {
	now := time.Date(2026, 1, 1, 16, 0, 30, 0, time.UTC)
	name, text := newPost(2, now)
	if name != "2026-01-01-new-2.md" || !strings.Contains(text, "\ndate: 2026-01-01 23:59:30 +0800\n") {
		t.Errorf("newPost = %s\n%s", name, text)
	}
}
