// Command enshi publishes a Jekyll news archive as feeds and as digest mails.
//
// This package is the only place where the parts are put together (wire.go);
// each command has a file of its own, and nothing imports it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args)
	stop()
	os.Exit(code)
}
