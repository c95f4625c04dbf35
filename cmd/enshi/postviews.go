package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/posts"
)

// postView is a post as --json prints it.
type postView struct {
	ID        posts.ID       `json:"id"`
	Path      string         `json:"path"`
	Standing  posts.Standing `json:"standing"`
	Since     string         `json:"since,omitempty"`  // when it was held or decided on
	Reason    string         `json:"reason,omitempty"` // why it is held or withdrawn
	Seen      string         `json:"seen,omitempty"`
	Gone      bool           `json:"gone,omitempty"` // its file vanished
	Number    int64          `json:"number,omitempty"`
	Arrived   string         `json:"arrived,omitempty"`
	Published bool           `json:"published"`
	Title     string         `json:"title,omitempty"`
	Date      string         `json:"date,omitempty"`
	Updated   string         `json:"updated,omitempty"`
	Link      string         `json:"link,omitempty"`
	Topics    []posts.Topic  `json:"topics,omitempty"`

	Correction string `json:"correction,omitempty"`
}

func newPostView(i posts.Identity) postView {
	return postView{ID: i.ID, Path: i.Path, Standing: i.Standing, Since: moment(i.Since), Reason: i.Reason, Seen: moment(i.Seen), Gone: i.Gone}
}

// publish adds what the site says of a post.
func (v *postView) publish(p *posts.Post, link string) {
	v.Published, v.Title, v.Date, v.Updated = true, p.Title, moment(p.Date), moment(p.Updated)
	v.Link, v.Topics, v.Correction = link, p.Topics(), p.Correction
}

// postsNow reads the site without recording anything, and the records beside it.
func (p *parts) postsNow(ctx context.Context) (*register, reading, error) {
	p.origin.out = p.publicDir()
	archive, err := p.openArchive(ctx)
	if err != nil {
		return nil, reading{}, err
	}
	r, err := archive.scan(ctx, scanOptions{})
	if err != nil {
		return nil, r, err
	}
	records, err := p.register(ctx)
	return records, r, err
}

func listPosts(c *cli.Context, p *parts) error {
	only, err := parseStanding(c.String("standing"))
	if err != nil {
		return err
	}
	records, r, err := p.postsNow(c.Context)
	if err != nil {
		return err
	}
	known := make(map[posts.ID]posts.Identity, len(records.all))
	for _, i := range records.all {
		known[i.ID] = i
	}
	encoder, left := json.NewEncoder(p.out), c.Int("limit")
	for _, one := range r.catalogue.Posts(posts.Everything) {
		record, ok := known[one.ID]
		if !ok {
			record = posts.Identity{ID: one.ID, Path: one.Path, Standing: r.standing[one.ID]}
		}
		if only != "" && record.Standing != only {
			continue
		}
		v := newPostView(record)
		v.publish(one, p.articles(p.site.settings)+one.URL)
		if err := p.showLine(encoder, v, one.Date.Format("2006-01-02")); err != nil {
			return err
		}
		if left--; left == 0 {
			break
		}
	}
	return nil
}

func (p *parts) showLine(encoder *json.Encoder, v postView, day string) error {
	if p.json {
		return encoder.Encode(v)
	}
	_, err := fmt.Fprintf(p.out, "%s  %-9s  %s  %s\n", day, v.Standing, v.Path, v.Title)
	return err
}

func listHeld(c *cli.Context, p *parts) error {
	records, err := p.register(c.Context)
	if err != nil {
		return err
	}
	held := records.with(posts.Held)
	encoder := json.NewEncoder(p.out)
	for _, i := range held {
		if p.json {
			err = encoder.Encode(newPostView(i))
		} else {
			_, err = fmt.Fprintf(p.out, "%s  held since %s: %s\n    %s\n", i.Path, i.Since.Local().Format("2006-01-02 15:04"), i.Reason, i.ID)
		}
		if err != nil {
			return err
		}
	}
	if len(held) == 0 {
		p.say("no posts are held")
	} else {
		p.say("%d posts are held: enshi posts release lets them arrive, enshi posts withdraw takes them back", len(held))
	}
	return nil
}

func showPost(c *cli.Context, p *parts) error {
	argument, err := oneArgument(c, "the post's ID or path")
	if err != nil {
		return err
	}
	records, r, err := p.postsNow(c.Context)
	if err != nil {
		return err
	}
	record, err := records.find(argument)
	if err != nil {
		return err
	}
	v := newPostView(record)
	if one, ok := r.catalogue.ByID(record.ID); ok {
		v.publish(one, p.articles(p.site.settings)+one.URL)
	}
	if err := p.findArrival(c.Context, &v); err != nil {
		return err
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(v)
	}
	return v.print(p.out)
}

// findArrival looks a post up in the arrival log, from its end: operators ask
// for what is new.
func (p *parts) findArrival(ctx context.Context, v *postView) error {
	const step = 1000
	head, err := p.store.Head(ctx)
	for err == nil && head > 0 {
		tail, readErr := p.store.Since(ctx, max(0, head-step), head)
		for i := range tail {
			if tail[i].Post == v.ID {
				v.Number, v.Arrived = tail[i].Number, moment(tail[i].Arrived)
				return nil
			}
		}
		head, err = head-step, readErr
	}
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	return nil
}

func (v *postView) print(w io.Writer) error {
	standing := string(v.Standing)
	if v.Since != "" {
		standing += " since " + v.Since
	}
	if v.Reason != "" {
		standing += ": " + v.Reason
	}
	if v.Number > 0 {
		standing += fmt.Sprintf(" (number %d, %s)", v.Number, v.Arrived)
	}
	file := v.Path
	switch {
	case v.Gone:
		file += " (vanished)"
	case !v.Published:
		file += " (not published)"
	}
	topics := make([]string, len(v.Topics))
	for i, t := range v.Topics {
		topics[i] = string(t)
	}
	for _, line := range [][2]string{{"id", string(v.ID)}, {"file", file}, {"standing", standing}, {"seen", v.Seen}, {"title", v.Title},
		{"date", v.Date}, {"updated", v.Updated}, {"link", v.Link}, {"topics", strings.Join(topics, "; ")}, {"corrected", v.Correction}} {
		if line[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-9s %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}
