package main

import (
	"os"
	"runtime/debug"
)

// memory is how much a command may use before garbage is collected whatever it
// costs. Less is too little for the archive, more is for other programs.
type memory struct {
	least, perPost int64 // bytes
	garbage        int   // per cent of what is in use, below that
}

// onceMemory is for what reads the archive once, or not at all: little is in use,
// and collecting it all the time took a twentieth of what sending takes. A build is
// the largest: with 100,000 posts 175 MB are in use at the worst moment. Each tenth
// less takes a twentieth more processor time, and 50 MB that are not Go's come on
// top: the program itself, and SQLite.
func onceMemory() memory { return memory{least: 300 << 20, perPost: 3400, garbage: 400} }

// serveMemory: a daemon keeps the archive's index twice while it changes.
func serveMemory() memory { return memory{least: 320 << 20, perPost: 4 << 10, garbage: 100} }

// tune sets the bounds for an archive. Who sets GOGC or GOMEMLIMIT knows better.
func (m memory) tune(posts int) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(max(m.least, int64(posts)*m.perPost))
	debug.SetGCPercent(m.garbage)
}
