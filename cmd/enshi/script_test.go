package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run this program as the command enshi.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"enshi": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			code := run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args)
			stop()
			os.Exit(code)
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("COMMON", "--site=site")
			return nil
		},
	})
}
