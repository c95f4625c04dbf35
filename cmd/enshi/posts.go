package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/posts"
)

func postsCommand() *cli.Command {
	const which = "ID|PATH..."
	return &cli.Command{
		Name:  "posts",
		Usage: "list posts, release those that are held, withdraw what should not have gone out",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list the published posts and how far each has come, newest first", Flags: []cli.Flag{
				&cli.StringFlag{Name: "standing", Usage: "only those that are `STANDING`: backlog, due, held, released, arrived or withdrawn"},
				&cli.IntFlag{Name: "limit", Value: 50, Usage: "at most `N`; 0: all"}}, Action: withParts(listPosts)},
			{Name: "show", ArgsUsage: "ID|PATH", Usage: "show one post", Action: withParts(showPost)},
			{Name: "held", Usage: "list the posts that a guard keeps from being mailed, with the reason", Action: withStore(listHeld)},
			{Name: "release", ArgsUsage: which, Usage: "let held posts arrive now, for the next digests; a running serve does it within seconds", Flags: []cli.Flag{
				&cli.BoolFlag{Name: "all", Usage: "all that are held"}}, Action: withStore(releasePosts)},
			{Name: "withdraw", ArgsUsage: which, Usage: "take posts back for good: out of the feeds, and out of letters that are not sent yet", Flags: []cli.Flag{
				&cli.StringFlag{Name: "reason", Value: "by the operator", Usage: "`TEXT` for other operators"}}, Action: withStore(withdrawPosts)},
		},
	}
}

// register are the records of posts, not of feeds.
type register struct {
	all  []posts.Identity // by path
	root string           // of the site, absolute
}

func (p *parts) register(ctx context.Context) (*register, error) {
	all, err := p.store.Identities(ctx)
	if err != nil {
		return nil, fmt.Errorf("identities: %w", err)
	}
	r := &register{all: slices.DeleteFunc(all, func(i posts.Identity) bool { return i.Standing == "" })}
	slices.SortFunc(r.all, func(a, b posts.Identity) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID)) })
	r.root, err = filepath.Abs(p.cfg.Site.Dir)
	return r, err
}

// find takes an ID, or the path of a file: below the site's directory, or as the
// shell completes it.
func (r *register) find(argument string) (posts.Identity, error) {
	paths := []string{filepath.ToSlash(filepath.Clean(argument))}
	if abs, err := filepath.Abs(argument); err == nil {
		if below, err := filepath.Rel(r.root, abs); err == nil {
			paths = append(paths, filepath.ToSlash(below))
		}
	}
	var found *posts.Identity
	for i := range r.all {
		one := &r.all[i]
		if string(one.ID) == argument {
			return *one, nil
		}
		if slices.Contains(paths, one.Path) && (found == nil || found.Gone || one.Seen.After(found.Seen) && !one.Gone) {
			found = one
		}
	}
	if found == nil {
		return posts.Identity{}, fmt.Errorf("no post on record has the ID or path %s: enshi posts list names them", argument)
	}
	return *found, nil
}

// named are the records of the arguments.
func (r *register) named(c *cli.Context) ([]posts.Identity, error) {
	if c.NArg() == 0 {
		return nil, usagef("%s: expected IDs or paths of posts", c.Command.FullName())
	}
	var list []posts.Identity
	for _, argument := range c.Args().Slice() {
		one, err := r.find(argument)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// with are the records of a standing.
func (r *register) with(s posts.Standing) []posts.Identity {
	return slices.DeleteFunc(slices.Clone(r.all), func(i posts.Identity) bool { return i.Standing != s })
}

func idsOf(list []posts.Identity) []posts.ID {
	ids := make([]posts.ID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}

func parseStanding(s string) (posts.Standing, error) {
	known := []posts.Standing{posts.Backlog, posts.Due, posts.Held, posts.Released, posts.Arrived, posts.Withdrawn}
	if s == "" || slices.Contains(known, posts.Standing(s)) {
		return posts.Standing(s), nil
	}
	names := make([]string, len(known))
	for i := range known {
		names[i] = string(known[i])
	}
	return "", usagef("--standing %q: expected one of %s", s, strings.Join(names, ", "))
}

// byReason are the paths of held posts, reason by reason.
func byReason(held []posts.Identity) iter.Seq2[string, []string] {
	paths := make(map[string][]string)
	for _, h := range held {
		paths[h.Reason] = append(paths[h.Reason], h.Path)
	}
	return func(yield func(string, []string) bool) {
		for _, reason := range slices.Sorted(maps.Keys(paths)) {
			if !yield(reason, paths[reason]) {
				return
			}
		}
	}
}

// sayHeld tells what a guard holds, with the first posts of each reason, and
// what lets them go.
func (p *parts) sayHeld(how string, held []posts.Identity) {
	for reason, paths := range byReason(held) {
		if len(paths) == 1 {
			p.say("%s: %s: %s", how, paths[0], reason)
			continue
		}
		p.say("%s: %d posts: %s", how, len(paths), reason)
		if !p.quiet {
			printFirst(p.err, paths)
		}
	}
	if len(held) > 0 {
		p.say("enshi posts release lets them go, and so do --accept-many and --accept-old")
	}
}
