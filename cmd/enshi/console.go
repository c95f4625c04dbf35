package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/mattn/go-isatty"
)

// console is standard error on a terminal: what is written scrolls by above one
// line of progress. It is safe for concurrent use.
type console struct {
	mu   sync.Mutex
	w    io.Writer
	line string
}

// openConsole makes a console of a writer that is a terminal, nil of any other.
func openConsole(w io.Writer) *console {
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return &console{w: w}
	}
	return nil
}

// clearLine takes the cursor to the start of an empty line (ECMA-48 EL).
const clearLine = "\r\x1b[K"

// Write writes whole lines above the progress.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line == "" {
		return c.w.Write(p)
	}
	if _, err := io.WriteString(c.w, clearLine); err != nil {
		return 0, err
	}
	n, err := c.w.Write(p)
	if err == nil {
		_, err = io.WriteString(c.w, c.line)
	}
	return n, err
}

// show puts a line in the place of the one before, "" for none. A terminal that
// is gone is no reason to end what is being done.
func (c *console) show(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if line == c.line {
		return
	}
	c.line = line
	_, _ = fmt.Fprint(c.w, clearLine, line)
}
