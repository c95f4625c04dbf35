package main

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// countingWriter notes what each write was.
type countingWriter struct {
	mu     sync.Mutex
	writes []string
	err    error
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	w.writes = append(w.writes, string(p))
	return len(p), nil
}

func (w *countingWriter) all() (text string, writes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.writes, ""), len(w.writes)
}

func newBuffered(w *countingWriter) (*slog.Logger, *logBuffer) {
	b := &logBuffer{to: w}
	return slog.New(promptHandler{slog.NewTextHandler(b, nil), b}), b
}

func TestLogLinesWaitAndGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &countingWriter{}
		log, _ := newBuffered(w)
		for range 2 {
			_, before := w.all()
			log.Info("one")
			log.With("a", 1).WithGroup("g").Info("two", "b", 2)
			if _, writes := w.all(); writes != before {
				t.Errorf("%d writes at once, want none", writes-before)
			}
			time.Sleep(logDelay)
			synctest.Wait()
			if _, writes := w.all(); writes != before+1 {
				t.Errorf("%d writes after %v, want one", writes-before, logDelay)
			}
		}
		if text, _ := w.all(); strings.Count(text, "msg=one\n") != 2 || strings.Count(text, "msg=two a=1 g.b=2\n") != 2 {
			t.Errorf("log = %q", text)
		}
	})
}

func TestWarningTakesWhatWaitsWithIt(t *testing.T) {
	w := &countingWriter{}
	log, _ := newBuffered(w)
	log.Info("one")
	log.Warn("two")
	if text, writes := w.all(); writes != 1 || !strings.Contains(text, "msg=one\n") || !strings.HasSuffix(text, "msg=two\n") {
		t.Errorf("after a warning %d writes: %q", writes, text)
	}
}

func TestBusyLogDoesNotWait(t *testing.T) {
	w := &countingWriter{}
	log, b := newBuffered(w)
	line := strings.Repeat("x", logBatch/4)
	for range 9 {
		log.Info(line)
	}
	if _, writes := w.all(); writes != 2 {
		t.Errorf("%d writes of nine quarters of a batch, want 2", writes)
	}
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	if text, _ := w.all(); strings.Count(text, line) != 9 {
		t.Errorf("%d lines after the end, want 9", strings.Count(text, line))
	}
}

func TestLogThatCannotBeWrittenIsAnErrorAndDoesNotGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &countingWriter{err: errors.New("disk full")}
		_, b := newBuffered(w)
		if _, err := b.Write([]byte("one\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(logDelay)
		synctest.Wait()
		if _, err := b.Write([]byte("two\n")); !errors.Is(err, w.err) {
			t.Errorf("error after lines were lost = %v, want %v", err, w.err)
		}
		w.err = nil
		if err := b.flush(); err != nil {
			t.Fatal(err)
		}
		if text, _ := w.all(); text != "two\n" {
			t.Errorf("log = %q, want what came after", text)
		}
	})
}
