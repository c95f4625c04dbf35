package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
)

// The exit codes, of which scripts make decisions.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2 // usage or configuration
	exitPart    = 3 // some posts bad, some deliveries not sent
	exitRefused = 4 // by a guard
)

// errPart ends a command that did its work for all but some.
var errPart = errors.New("done in part")

// usageError is a wrong flag, argument or configuration.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// refusal is a guard's no; its text names the flag that overrides it.
type refusal struct{ err error }

func (e refusal) Error() string { return e.err.Error() }
func (e refusal) Unwrap() error { return e.err }

func refusef(format string, args ...any) error { return refusal{fmt.Errorf(format, args...)} }

// exitCode is the one table from errors to exit codes.
func exitCode(err error) int {
	var usage usageError
	var refused refusal
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return exitDone
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &refused), errors.Is(err, posts.ErrOtherSite), errors.Is(err, delivery.ErrOldEpoch), errors.Is(err, delivery.ErrRetired):
		return exitRefused
	case errors.Is(err, errPart):
		return exitPart
	}
	return exitFailed
}

// report prints an error as the one line that ends a command.
func report(w io.Writer, err error) {
	if err == nil || errors.Is(err, errPart) || errors.Is(err, context.Canceled) {
		return
	}
	fmt.Fprintln(w, "enshi:", err)
}
