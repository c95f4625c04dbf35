package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/web"
)

func buildCommand() *cli.Command {
	return &cli.Command{
		Name:  "build",
		Usage: "write all feeds and their pages as files",
		Flags: append(identityFlags(),
			&cli.StringFlag{Name: "out", Value: "public", Usage: "write below `DIR`"},
			&cli.BoolFlag{Name: "archives", Usage: "write the archives of all feeds too, as feeds.archives does"},
			&cli.BoolFlag{Name: "ping", Usage: "tell feeds.hubs of the feeds that changed, and wait: for a web server that serves DIR itself"},
		),
		Action: withParts(build),
	}
}

// building is a build on its way.
type building struct {
	*parts
	out       string
	archive   *archive
	publisher *feeds.Publisher
	found     built // what it begins from, and then what it came to
	report    feeds.Report
	vanished  []posts.ID
}

func build(c *cli.Context, p *parts) error {
	ctx := c.Context
	onceMemory().tune(0)
	p.cfg.Feeds.Archives = p.cfg.Feeds.Archives || c.Bool("archives")
	b := &building{parts: p, out: c.String("out")}
	p.origin = originOf(c, b.out)
	if err := b.open(ctx, c.Bool("ping")); err != nil {
		return err
	}
	defer b.archive.watch.release(ctx)
	stands, err := b.stands(ctx)
	if err != nil {
		return err
	}
	if stands {
		err = b.unrefuse()
	} else {
		err = b.run(ctx)
	}
	b.checkSeed()
	if err != nil {
		return err
	}
	return b.tell(ctx)
}

func (b *building) open(ctx context.Context, ping bool) (err error) {
	if b.archive, err = b.openArchive(ctx); err != nil {
		return err
	}
	if ping {
		if err := b.openHerald(b.buildAddress(b.archive.site)); err != nil {
			return err
		}
	}
	b.publisher, err = feeds.NewPublisher(b.out)
	return err
}

// stands looks at what the build begins from, and says whether the last one
// began from that too and its output is still there.
func (b *building) stands(ctx context.Context) (bool, error) {
	found, err := b.survey(ctx, b.archive)
	if err != nil {
		return false, err
	}
	last, err := b.lastBuilt(b.out)
	if err != nil {
		return false, err
	}
	b.found = found
	documents, intact := b.publisher.Intact()
	if _, err := os.Stat(feeds.IdentitiesFile(b.out)); err != nil {
		intact = false
	}
	if !intact || last == nil || documents != last.Documents || !last.stands(found, b.now()) {
		return false, nil
	}
	b.found, b.report.Unchanged = *last, documents
	return true, nil
}

// run is a whole build.
func (b *building) run(ctx context.Context) error {
	onceMemory().tune(b.archive.listing.Len())
	calm := b.archive.listing.Calm(b.now().Add(-unsettledFor))
	r, err := b.archive.scan(ctx, scanOptions{record: true})
	if err != nil {
		return err
	}
	b.vanished = r.vanished
	// Before anything goes out under them.
	if err := saveIdentities(b.publisher, b.archive.keeper, r.recorded); err != nil {
		return err
	}
	b.found.Posts, b.found.Topics = len(r.catalogue.Posts(posts.Everything)), len(r.catalogue.Topics())
	b.archive.forget()
	r.standing = nil
	if !b.cfg.Feeds.Archives {
		r.catalogue = r.catalogue.Newest(max(b.cfg.Feeds.Limit, web.MaxPosts))
	}
	press := b.press(b.archive, b.publisher, b.buildAddress(b.archive.site))
	if press.pages, err = b.newPages(b.archive.site, b.publisher); err != nil {
		return err
	}
	if b.cfg.Feeds.Archives {
		if press.history, err = newHistory(b.publisher); err != nil {
			return err
		}
	}
	report, left, err := press.run(ctx, r)
	b.report = report
	b.found.Diagnostics = append(r.diagnostics, left...)
	if err != nil {
		_ = b.problems() // they are named; what ended the build is worse
		_ = b.ping(ctx)  // said too: some feeds may have changed before
		return err
	}
	b.found.Wake = r.wake
	b.found.Documents, _ = b.publisher.Intact()
	if b.found.Identities, err = b.store.Revision(ctx); err != nil {
		return fmt.Errorf("identities: %w", err)
	}
	return b.remember(b.out, &b.found, calm && r.watching && r.taken.Unready == 0 && len(report.Yielded) == 0)
}

// tell says what the build came to, and to hubs what changed.
func (b *building) tell(ctx context.Context) error {
	err := b.problems()
	b.sayVanished(b.vanished)
	b.result("%d posts, %d topics: %d documents written, %d unchanged, %d removed, below %s",
		b.found.Posts, b.found.Topics, b.report.Written, b.report.Unchanged, len(b.report.Removed), b.out)
	return errors.Join(b.ping(ctx), err)
}

// ping tells hubs what changed, with --ping.
func (b *building) ping(ctx context.Context) error {
	if b.herald == nil {
		return nil
	}
	b.archive.watch.release(ctx) // hubs may take longer than it lasts
	return b.waitForHubs(ctx, b.herald.topics(b.publisher, b.report.Changed))
}

// problems names the bad posts.
func (b *building) problems() error {
	bad := printDiagnostics(b.err, b.found.Diagnostics)
	if bad == 0 {
		return nil
	}
	b.say("%d posts are not published, named above", bad)
	return fmt.Errorf("%d posts: %w", bad, errPart)
}
