package main

import (
	"os"
	"runtime/debug"
)

// Memory of a build: the least it is given, and what a post adds to it. Seen
// with 100,000 posts: 180 MB are in use at the worst moment.
const (
	leastMemory   = 300 << 20
	memoryPerPost = 3 << 10
)

// tuneMemory lets a build of an archive use memory up to a bound instead of
// collecting garbage early: that took a tenth of its time. Who sets GOGC or
// GOMEMLIMIT knows better.
func tuneMemory(posts int) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(max(leastMemory, int64(posts)*memoryPerPost))
	debug.SetGCPercent(400)
}
