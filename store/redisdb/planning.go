package redisdb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// planStep is how many choices one script carries out: about a quarter of a
// millisecond each hundred, during which the server does nothing else.
const planStep = 200

// Parts is the number of parts of the store, which are its shards.
func (db *DB) Parts() int { return shards }

func checkPart(part int) error {
	if part < 0 || part >= shards {
		return fmt.Errorf("part %d: expected 0 to %d", part, shards-1)
	}
	return nil
}

// Candidates returns subscribers who are due in a part, by cursor and ID.
func (db *DB) Candidates(ctx context.Context, e delivery.Edition, part int, after subscribers.ID, limit int) ([]delivery.Candidate, error) {
	if err := checkPart(part); err != nil {
		return nil, err
	}
	for {
		ids, err := db.due(ctx, e, part, after, limit)
		if err != nil || len(ids) == 0 {
			return nil, err
		}
		found, err := db.records(ctx, ids)
		if err != nil {
			return nil, err
		}
		var candidates []delivery.Candidate
		for _, s := range found {
			// Records are read after the index, and may have changed.
			if s.State == subscribers.Active && s.Cadence == e.Cadence && s.Cursor < e.Mark {
				candidates = append(candidates, delivery.Candidate{Subscriber: s})
			}
		}
		if len(candidates) > 0 {
			return candidates, nil
		}
		after = ids[len(ids)-1]
	}
}

func (db *DB) due(ctx context.Context, e delivery.Edition, part int, after subscribers.ID, limit int) ([]subscribers.ID, error) {
	keys := []string{db.keys.due(part, e.Cadence)}
	answers, err := db.run(ctx, scriptCandidates, call{keys, []any{e.Mark, string(after), limit}})
	if err != nil {
		return nil, err
	}
	names, err := answers[0].StringSlice()
	if err != nil {
		return nil, db.fail("candidates", err)
	}
	ids := make([]subscribers.ID, len(names))
	for i, name := range names {
		ids[i] = subscribers.ID(name)
	}
	return ids, nil
}

// Plan carries out choices for subscribers of one part, planStep at a time,
// each of these in one step. Cancel leaves a mark in every shard, which the
// step checks, so that nothing is planned after it.
func (db *DB) Plan(ctx context.Context, e delivery.Edition, part int, choices []delivery.Choice) (sum delivery.Planned, err error) {
	if err := errors.Join(checkPart(part), db.sends("plan")); err != nil {
		return sum, err
	}
	stored, err := db.Edition(ctx, e.ID)
	if err != nil {
		return sum, err
	}
	if stored.Stage == delivery.StageCancelled {
		return sum, fmt.Errorf("plan edition %s: %w", e.ID, delivery.ErrStage)
	}
	// A planner that woke up late may still find somebody who came to this
	// cadence meanwhile: then the edition is not finished after all. It reopens
	// before, so that nothing is queued that is about to be forgotten.
	late := stored.Stage == delivery.StageFinished && slices.ContainsFunc(choices, func(c delivery.Choice) bool { return c.Letter != "" })
	if late {
		if err := db.reopen(ctx, e.ID); err != nil {
			return sum, err
		}
	}
	defer func() {
		if late || sum.Queued > 0 && stored.Stage != delivery.StagePlanning {
			err = errors.Join(err, db.reopened(ctx, stored, sum.Queued))
		}
	}()
	for len(choices) > 0 {
		step := min(planStep, len(choices))
		one, err := db.planCall(e, part, choices[:step])
		if err != nil {
			return sum, err
		}
		answers, err := db.run(ctx, scriptPlan, one)
		if err != nil {
			return sum, err
		}
		n, err := numbers(answers[0])
		if err != nil {
			return sum, db.fail("plan", err)
		}
		if n[0] < 0 {
			return sum, fmt.Errorf("plan edition %s: %w", e.ID, delivery.ErrStage)
		}
		sum.Queued += int(n[0])
		sum.Moved += int(n[1])
		sum.Changed += int(n[2])
		choices = choices[step:]
	}
	return sum, nil
}

func (db *DB) planCall(e delivery.Edition, part int, choices []delivery.Choice) (call, error) {
	groups := newGroups()
	records := make([]string, len(choices))
	tail := make([]any, 0, 5*len(choices))
	for i, c := range choices {
		if shard, err := shardOf(c.Subscriber); err != nil || shard != part {
			return call{}, errors.Join(err, fmt.Errorf("subscriber %s is not in part %d", c.Subscriber, part))
		}
		if err := errors.Join(plain("letter", c.Letter), plain("provider group", string(c.Group))); err != nil {
			return call{}, err
		}
		if c.Letter != "" {
			groups.add(c.Group)
		}
		records[i] = db.keys.subscriber(part, c.Subscriber)
		tail = append(tail, string(c.Subscriber), c.Version, c.Cursor, c.Letter, string(c.Group))
	}
	keys := append(db.keys.book(part, e.ID), db.keys.due(part, e.Cadence))
	for _, g := range groups.list {
		keys = append(keys, db.keys.fresh(part, queue{e.ID, g}))
	}
	keys = append(keys, records...)
	args := groups.args([]any{db.clock(), e.ID, string(e.Cadence), e.Mark})
	return call{keys, append(args, tail...)}, nil
}

// PutLetter keeps a letter's bytes, and what it brings, if it is not there yet.
func (db *DB) PutLetter(ctx context.Context, edition, letter string, data []byte, brings ...digest.Brought) error {
	if err := errors.Join(plain("edition", edition), plain("letter", letter)); err != nil {
		return err
	}
	args := []any{letter, data, editionLife.Milliseconds(), delivery.EncodeBrought(brings), delivery.RecallFor.Milliseconds()}
	for _, b := range brings {
		args = append(args, b.Number)
	}
	n, err := db.number(ctx, scriptLetter, []string{db.keys.letter(edition, letter), db.keys.brought(edition), db.keys.amended()}, args...)
	if err == nil && n < 0 {
		err = fmt.Errorf("letter %s of %s: %w", letter, edition, delivery.ErrWithdrawn)
	}
	return err
}

// Letter returns a letter's bytes; delivery.ErrNotFound.
func (db *DB) Letter(ctx context.Context, edition, letter string) ([]byte, error) {
	data, err := db.rdb.Get(ctx, db.keys.letter(edition, letter)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("letter %s of edition %s: %w", letter, edition, delivery.ErrNotFound)
	}
	if err != nil {
		return nil, db.fail("read letter "+letter, err)
	}
	return data, nil
}

// groups collects the provider groups of a call, in the order that group_keys
// of lua/prelude.lua reads.
type groups struct {
	list []delivery.Group
	seen map[delivery.Group]bool
}

func newGroups() *groups { return &groups{seen: make(map[delivery.Group]bool)} }

func (g *groups) add(name delivery.Group) {
	if !g.seen[name] {
		g.seen[name] = true
		g.list = append(g.list, name)
	}
}

func (g *groups) keys(k keys, shard int, edition string, before []string) []string {
	for _, name := range g.list {
		before = append(before, k.ready(shard, queue{edition, name}))
	}
	return before
}

func (g *groups) args(before []any) []any {
	before = append(before, len(g.list))
	for _, name := range g.list {
		before = append(before, string(name))
	}
	return before
}
