package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/config"
)

// streams are where a command reads and writes: tests give their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time // nil for the system's clock
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, s streams, args []string) int {
	if s.now == nil {
		s.now = time.Now
	}
	app := newApp(s)
	err := app.RunContext(ctx, flagsFirst(app, args))
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	report(s.err, err)
	return exitCode(err)
}

func newApp(s streams) *cli.App {
	app := &cli.App{
		Name:            "enshi",
		Usage:           "publish a Jekyll news archive as feeds and digest mails",
		HideHelpCommand: true,
		Writer:          s.out,
		ErrWriter:       s.err,
		Metadata:        map[string]any{"streams": s},
		OnUsageError:    onUsageError,
		// Exit codes are run's: the library must not end the process.
		ExitErrHandler: func(*cli.Context, error) {},
		Action:         noCommand,
		Commands: []*cli.Command{
			serveCommand(), buildCommand(), checkCommand(), feedsCommand(), sendDigestCommand(),
			explainCommand(), editionsCommand(), postsCommand(), subscribersCommand(), storeCommand(), configCommand(),
		},
	}
	app.Flags = globalFlags()
	for _, c := range app.Commands {
		completeCommand(c)
	}
	return app
}

// completeCommand lets a command and those below it take the global flags too,
// and complain about wrong ones in our way.
func completeCommand(c *cli.Command) {
	c.OnUsageError = onUsageError
	for _, sub := range c.Subcommands {
		completeCommand(sub)
	}
	if len(c.Subcommands) > 0 {
		c.HideHelpCommand = true
		c.Action = noCommand
	}
	c.Flags = append(c.Flags, globalFlags()...)
}

func noCommand(c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef("%s has no command %q: enshi --help lists them", c.App.Name, c.Args().First())
	}
	return errors.Join(cli.ShowAppHelp(c))
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	name := "enshi"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != name {
		name += " " + c.Command.Name
	}
	return usagef("%w: %s --help lists the flags", err, name)
}

// globalFlags are taken on either side of a command's name.
func globalFlags() []cli.Flag {
	const category = "everywhere"
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Category: category, Usage: "read `FILE` instead of enshi.yaml"},
		&cli.StringFlag{Name: "site", Category: category, Usage: "the Jekyll site is in `DIR`"},
		&cli.StringFlag{Name: "data", Category: category, Usage: "keep the database, keys and outbox in `DIR`"},
		&cli.StringFlag{Name: "store", Category: category, Usage: "keep subscribers and deliveries at `URL`: sqlite:FILE or redis://HOST:PORT/DB"},
		&cli.StringFlag{Name: "smtp", Category: category, Usage: "send through the relay at `URL`: smtp://HOST:PORT or smtps://HOST:PORT"},
		&cli.StringFlag{Name: "log-level", Category: category, Usage: "log from `LEVEL` on: debug, info, warn or error"},
		&cli.StringFlag{Name: "log-format", Category: category, Usage: "`FORMAT` of the log: text or json"},
		&cli.BoolFlag{Name: "json", Category: category, Usage: "print for machines"},
		&cli.BoolFlag{Name: "quiet", Category: category, Usage: "print results and errors only"},
	}
}

func settleFlag() cli.Flag {
	return &cli.StringFlag{Name: "settle", Usage: "let a post out once its file was left alone for `TIME`; 0: at once"}
}

func acceptLossFlag() cli.Flag {
	return &cli.BoolFlag{Name: "accept-loss", Usage: "send although Redis could lose or evict what it was given"}
}

// global finds a flag wherever on the line it was given. The library would only
// look at the command's own set.
func global(c *cli.Context, name string) (*cli.Context, bool) {
	for _, at := range c.Lineage() {
		if at.Command != nil && isSetHere(at, name) {
			return at, true
		}
	}
	return nil, false
}

func isSetHere(c *cli.Context, name string) bool {
	for _, local := range c.LocalFlagNames() {
		if local == name {
			return true
		}
	}
	return false
}

// defaultConfig is the file that is read if there is one and none is named.
const defaultConfig = "enshi.yaml"

// loadConfig reads the file and lays the flags over it.
func loadConfig(c *cli.Context) (config.Config, error) {
	path := ""
	if _, err := os.Stat(defaultConfig); err == nil {
		path = defaultConfig
	}
	if at, ok := global(c, "config"); ok {
		path = at.String("config")
	}
	cfg, err := config.Load(path)
	if err != nil {
		return cfg, usageError{err}
	}
	overlay := func(name string, set func(string)) {
		if at, ok := global(c, name); ok {
			set(at.String(name))
		}
	}
	overlay("site", func(s string) { cfg.Site.Dir = s })
	overlay("data", func(s string) { cfg.Data = s })
	overlay("store", func(s string) { cfg.Store = config.NewURL(s) })
	overlay("smtp", func(s string) { cfg.Mail.SMTP = []config.URL{config.NewURL(s)} })
	overlay("log-level", func(s string) { cfg.Log.Level = s })
	overlay("log-format", func(s string) { cfg.Log.Format = s })
	overlay("listen", func(s string) { cfg.Listen = s })
	if at, ok := global(c, "accept-loss"); ok {
		cfg.AcceptLoss = at.Bool("accept-loss")
	}
	var settleErr error
	overlay("settle", func(s string) {
		if s == "0" {
			s = "0s"
		}
		if cfg.Settle, settleErr = time.ParseDuration(s); settleErr != nil {
			settleErr = usagef("--settle %s: expected a time such as 30s or 2m", s)
		}
	})
	if settleErr != nil {
		return cfg, settleErr
	}
	if err := cfg.Validate(); err != nil {
		return cfg, usageError{err}
	}
	return cfg, nil
}

func newLogger(w io.Writer, cfg config.Log, quiet bool) *slog.Logger {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		level = slog.LevelInfo // Validate has refused anything else
	}
	if quiet {
		level = max(level, slog.LevelWarn)
	}
	o := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func configCommand() *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "describe and check the configuration",
		Subcommands: []*cli.Command{
			{Name: "describe", Usage: "print the default file, annotated", Action: func(c *cli.Context) error {
				return config.Describe(c.App.Writer)
			}},
			{Name: "check", Usage: "check the file and the flags", Action: func(c *cli.Context) error {
				if _, err := loadConfig(c); err != nil {
					return err
				}
				_, err := fmt.Fprintln(c.App.Writer, "nothing wrong")
				return err
			}},
		},
	}
}
