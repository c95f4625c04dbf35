package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

// How long release waits for the process that watches the site to let posts
// arrive, which takes it heedEvery and a scan.
const (
	arriveMost  = 20 * time.Second
	arriveEvery = 250 * time.Millisecond
)

func releasePosts(c *cli.Context, p *parts) error {
	records, err := p.register(c.Context)
	if err != nil {
		return err
	}
	list := records.with(posts.Held)
	if !c.Bool("all") {
		if list, err = records.named(c); err != nil {
			return err
		}
	} else if c.NArg() > 0 {
		return usagef("posts release: --all, or IDs and paths, not both")
	}
	head, err := p.store.Head(c.Context)
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	released, err := p.store.Decide(c.Context, posts.Decision{Posts: idsOf(list), Standing: posts.Released, At: p.now().UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("release posts: %w", err)
	}
	for _, i := range list {
		if !slices.Contains(released, i.ID) {
			p.say("%s is %s, not held: left as it is", i.Path, i.Standing)
		}
	}
	if len(released) == 0 {
		p.result("nothing was released")
		return nil
	}
	arrived, err := p.letArrive(c.Context, released, head)
	if err != nil {
		return err
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(map[string]any{"released": released, "arrived": len(arrived)})
	}
	for _, e := range arrived {
		p.say("%d  %s", e.Number, e.Title)
	}
	if left := len(released) - len(arrived); left > 0 {
		p.result("%d posts released, %d arrived; %d arrive once their files are there and settled, with serve or send-digest", len(released), len(arrived), left)
		return nil
	}
	p.result("%d posts released and arrived: the next digests bring them", len(released))
	return nil
}

// letArrive lets released posts arrive: at once if nobody watches the site, else
// it waits a moment for who does. after is the head of the log before they were
// released.
func (p *parts) letArrive(ctx context.Context, released []posts.ID, after int64) ([]digest.Entry, error) {
	if _, err := siteFS(p.cfg.Site.Dir); err == nil {
		archive, err := p.openArchive(ctx)
		if err != nil {
			return nil, err
		}
		watch, err := archive.watch.acquire(ctx)
		if err != nil {
			return nil, err
		}
		if watch != nil {
			defer archive.watch.release(context.WithoutCancel(ctx))
			if _, err := archive.scan(ctx, scanOptions{record: true}); err != nil {
				return nil, err
			}
			return p.arrivals(ctx, released, after)
		}
	}
	for deadline := time.Now().Add(arriveMost); ; {
		arrived, err := p.arrivals(ctx, released, after)
		if err != nil || len(arrived) == len(released) || time.Now().After(deadline) {
			return arrived, err
		}
		select {
		case <-ctx.Done():
			return arrived, ctx.Err()
		case <-time.After(arriveEvery):
		}
	}
}

// arrivals are the entries of some posts behind a place in the log.
func (p *parts) arrivals(ctx context.Context, ids []posts.ID, after int64) ([]digest.Entry, error) {
	head, err := p.store.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("arrival log: %w", err)
	}
	tail, err := p.store.Since(ctx, after, head)
	if err != nil {
		return nil, fmt.Errorf("arrival log: %w", err)
	}
	return slices.DeleteFunc(tail, func(e digest.Entry) bool { return !slices.Contains(ids, e.Post) }), nil
}

func withdrawPosts(c *cli.Context, p *parts) error {
	records, err := p.register(c.Context)
	if err != nil {
		return err
	}
	list, err := records.named(c)
	if err != nil {
		return err
	}
	withdrawn, err := p.store.Decide(c.Context, posts.Decision{Posts: idsOf(list), Standing: posts.Withdrawn, Reason: c.String("reason"), At: p.now().UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("withdraw posts: %w", err)
	}
	for _, i := range list {
		if slices.Contains(withdrawn, i.ID) {
			p.say("withdrawn: %s", i.Path)
		} else {
			p.say("%s was withdrawn before", i.Path)
		}
	}
	retracted, err := p.retract(c.Context)
	if err != nil {
		return fmt.Errorf("%d posts are withdrawn, but letters that wait may still have them, until serve or send-digest runs: %w", len(withdrawn), err)
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(map[string]any{"withdrawn": withdrawn, "letters": retracted.Letters, "skipped": retracted.Skipped})
	}
	if retracted.Letters > 0 {
		p.say("taken out of %d letters that wait; %d deliveries had nothing else and are skipped", retracted.Letters, retracted.Skipped)
	}
	p.result("%d posts withdrawn; the feeds show it with the next build, a running serve within seconds", len(withdrawn))
	return nil
}

// retract takes what is withdrawn out of letters that wait, before the command
// ends: nothing may be running that does.
func (p *parts) retract(ctx context.Context) (delivery.Retracted, error) {
	retractor, err := p.newRetractor(ctx)
	if err != nil {
		return delivery.Retracted{}, err
	}
	return retractor.Retract(ctx)
}
