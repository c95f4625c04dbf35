package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a command before its arguments, because the
// flag package stops at the first argument and people write
// "subscribers add reader@example.com --cadence daily". What follows "--" stays.
func flagsFirst(app *cli.App, args []string) []string {
	if len(args) == 0 {
		return args
	}
	known := valueFlags(app.Flags)
	commands := app.Commands
	out, rest := args[:1:1], args[1:]
	// The way down to the command keeps its order.
	for len(rest) > 0 {
		if isFlag(rest[0]) {
			n := flagLength(rest, known)
			out, rest = append(out, rest[:n]...), rest[n:]
			continue
		}
		command := find(commands, rest[0])
		if command == nil {
			break
		}
		out, rest = append(out, rest[0]), rest[1:]
		commands = command.Subcommands
		for name, takes := range valueFlags(command.Flags) {
			known[name] = takes
		}
	}
	var flags, plain []string
	for len(rest) > 0 {
		if !isFlag(rest[0]) {
			n := 1
			if rest[0] == "--" {
				n = len(rest)
			}
			plain, rest = append(plain, rest[:n]...), rest[n:]
			continue
		}
		n := flagLength(rest, known)
		flags, rest = append(flags, rest[:n]...), rest[n:]
	}
	return append(append(out, flags...), plain...)
}

// isFlag leaves out the dash that stands for standard input, and the two that
// end the flags.
func isFlag(arg string) bool { return strings.HasPrefix(arg, "-") && arg != "-" && arg != "--" }

// flagLength is how many arguments the flag at the front takes up.
func flagLength(args []string, takesValue map[string]bool) int {
	name := strings.TrimLeft(args[0], "-")
	if strings.Contains(name, "=") || !takesValue[name] || len(args) < 2 {
		return 1
	}
	return 2
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// valueFlags maps every name of every flag to whether it takes a value.
func valueFlags(flags []cli.Flag) map[string]bool {
	takes := make(map[string]bool)
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			takes[name] = !isBool
		}
	}
	return takes
}
