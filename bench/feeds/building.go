package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildArgs is a build of the bench's site.
func buildArgs() []string {
	return []string{"build", "--quiet", "--site", "site", "--data", "data", "--out", "out"}
}

// clear makes a run a fresh one. What the last one left is only moved away: for
// minutes ext4 searches long for places beside those of files just removed.
func (b *bench) clear(names ...string) func() error {
	return func() error {
		for _, name := range names {
			b.spent++
			if err := os.Rename(b.path(name), b.path(fmt.Sprint("spent", b.spent))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
}

// building measures builds against their floors.
func (b *bench) building(ctx context.Context) error {
	say("enshi build, %d times", b.runs)
	build, err := b.repeat(ctx, b.clear("data", "out"), "enshi", buildArgs()...)
	if err != nil {
		return err
	}
	say("the same again with nothing changed")
	unchanged, err := b.repeat(ctx, nil, "enshi", buildArgs()...)
	if err != nil {
		return err
	}
	say("the floors")
	list, err := b.repeat(ctx, nil, "list", filepath.Join("site", "_posts"))
	if err != nil {
		return err
	}
	limit, err := b.repeat(ctx, b.clear("limit"), "limit", "site", "limit", "out")
	if err != nil {
		return err
	}
	const mostLimit, mostList, mostMiB = 6, 2, 400
	b.table.add(row{what: "limit: posts read once, as many bytes written", measured: limit.String()})
	ratio := times(build.cpu, limit.cpu)
	b.table.add(row{"enshi build, everything in three formats, gzip", build.String(), fmt.Sprintf("%.2f × limit", ratio),
		fmt.Sprintf("at most %d × limit", mostLimit), verdict(ratio <= mostLimit)})
	b.table.add(row{what: "its memory", measured: fmt.Sprintf("%d MiB", build.peak>>20),
		must: fmt.Sprintf("below %d MiB", mostMiB), verdict: verdict(build.peak>>20 < mostMiB)})
	b.table.add(row{what: "list: every file's time", measured: list.String()})
	ratio = times(unchanged.cpu, list.cpu)
	b.table.add(row{"enshi build, nothing changed", unchanged.String(), fmt.Sprintf("%.2f × list", ratio),
		fmt.Sprintf("at most %d × list", mostList), verdict(ratio <= mostList)})
	b.build, b.limit = build, limit
	return nil
}

// fragments runs the benchmark of package feeds that counts what an entry costs
// by the feed.
func (b *bench) fragments(ctx context.Context) error {
	say("fragments")
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkFragmentsAreShared$", "-benchtime", "3x", "./feeds")
	cmd.Dir = b.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test -bench: %w: %s", err, last(out, 2000))
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		figures := make(map[string]string) // by unit
		for i := 2; i+1 < len(fields); i += 2 {
			figures[fields[i+1]] = fields[i]
		}
		_, feeds, _ := strings.Cut(fields[0], "/feeds=")
		feeds, _, _ = strings.Cut(feeds, "-")
		once := strings.TrimRight(figures["renderings/post"], ".0") == "1"
		b.table.add(row{"a post in " + feeds + " feeds of three formats", figures["allocs/entry"] + " allocations an entry",
			figures["renderings/post"] + " × rendered", "once", verdict(once)})
	}
	return nil
}
