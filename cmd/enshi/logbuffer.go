package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	logDelay = 100 * time.Millisecond // how long a line may wait
	logBatch = 64 << 10               // how many bytes may
)

// logBuffer writes the lines of a busy server in batches: a system call for
// each request would be a good part of what the request costs. It has no
// goroutine to stop, only a last flush (parts.close).
type logBuffer struct {
	mu    sync.Mutex
	to    io.Writer
	lines []byte
	timer *time.Timer // runs while there are lines
	err   error       // of a write that nobody waited for
}

// Write takes a line. An error may be of lines before it.
func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines) == 0 {
		if b.timer == nil {
			b.timer = time.AfterFunc(logDelay, b.flushLater)
		} else {
			b.timer.Reset(logDelay)
		}
	}
	b.lines = append(b.lines, line...)
	err := b.err
	if b.err = nil; len(b.lines) >= logBatch {
		err = b.write()
	}
	return len(line), err
}

func (b *logBuffer) flushLater() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = b.write()
}

// flush writes all that waits.
func (b *logBuffer) flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.write()
}

// write empties the buffer, whatever comes of it: a log that cannot be written
// must not grow.
func (b *logBuffer) write() error {
	if len(b.lines) == 0 {
		return nil
	}
	_, err := b.to.Write(b.lines)
	b.lines = b.lines[:0]
	return err
}

// promptHandler lets nothing wait that somebody may have to look at: it could be
// the last that this process says.
type promptHandler struct {
	slog.Handler
	buffer *logBuffer
}

func (h promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if err == nil && r.Level >= slog.LevelWarn {
		err = h.buffer.flush()
	}
	return err
}

func (h promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(attrs), h.buffer}
}

func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.buffer}
}

// requestLog is for the web server, whose lines may wait. It writes to the log.
func (p *parts) requestLog() *slog.Logger {
	p.lines = &logBuffer{to: p.err}
	return slog.New(promptHandler{newLogger(p.lines, p.cfg.Log, p.quiet).Handler(), p.lines})
}
