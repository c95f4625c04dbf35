// Command feeds measures what publishing and serving feeds costs and prints it
// beside what it is held against: the floors (bench/limit, bench/list), Hugo,
// and nginx with ready gzip files.
//
// Nearly all of it is processor time, of the program and of the kernel for it:
// that is what machines with other work to do agree on. It needs nginx and wrk,
// and the go command, which also builds Hugo.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"
)

// bench is one measurement of everything.
type bench struct {
	root    string // of the module
	dir     string // where all of it happens
	posts   int
	runs    int
	seconds int // of one run of wrk
	hugo    string
	table   table
	spent   int // directories moved away

	build, limit usage // as building found them
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-feeds:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	b := &bench{}
	flags := flag.NewFlagSet("feeds", flag.ContinueOnError)
	flags.IntVar(&b.posts, "posts", 10_000, "posts of the `N`umber")
	flags.IntVar(&b.runs, "runs", 3, "times that each build is measured; the middle one counts")
	flags.IntVar(&b.seconds, "seconds", 2, "how long wrk asks at a time")
	flags.StringVar(&b.dir, "dir", "", "work in `DIR` and leave it; otherwise in one that is removed")
	flags.StringVar(&b.hugo, "hugo", "v0.165.0", "`VERSION` of Hugo, none to leave it out")
	only := flags.String("only", "", "build or serve: leave the other out")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.root, err = moduleRoot(ctx); err != nil {
		return err
	}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "enshi-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	}
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	steps := []step{{"", b.prepare}, {"build", b.building}, {"build", b.hugoBuild}, {"serve", b.serving}, {"build", b.fragments}}
	for _, s := range steps {
		if s.part != "" && *only != "" && s.part != *only {
			continue
		}
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("\n%d posts\n\n%s", b.posts, b.table.String())
	return nil
}

type step struct {
	part string
	do   func(context.Context) error
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(string(out)), nil
}

// prepare builds the programs and the site.
func (b *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(b.path("bin"), 0o777); err != nil {
		return err
	}
	say("building the programs")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.path("bin")+"/",
		"./cmd/enshi", "./bench/corpus", "./bench/limit", "./bench/list")
	build.Dir, build.Stderr = b.root, os.Stderr
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the programs: %w", err)
	}
	say("writing %d posts", b.posts)
	if err := os.RemoveAll(b.path("site")); err != nil {
		return err
	}
	_, err := b.measure(ctx, "corpus", strconv.Itoa(b.posts), "site")
	return err
}

func (b *bench) path(elements ...string) string {
	return filepath.Join(append([]string{b.dir}, elements...)...)
}

// say tells how far it has come.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
