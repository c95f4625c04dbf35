package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// maxMemo bounds how many different (cursor, language, topics) a desk
// remembers, so that its memory does not grow with the number of subscribers.
const maxMemo = 100_000

// desk chooses the letter of each subscriber of one edition, and writes every
// letter once. Safe for concurrent use.
type desk struct {
	o       PlannerOptions
	edition Edition

	mu      sync.Mutex
	log     []digest.Entry    // (from, mark], by number
	from    int64             // what log begins after
	memo    map[string]string // (cursor, corrections, language, topics) → letter ID, "" for nothing pending
	letters map[string]*keeping
	read    bool    // whether errata is
	errata  *errata // nil for none
}

// keeping is a letter that is being written, or was.
type keeping struct {
	letter digest.Letter // until it is kept
	done   chan struct{}
	err    error
}

func newDesk(o PlannerOptions, e Edition) *desk {
	return &desk{o: o, edition: e, from: e.Mark, memo: make(map[string]string), letters: make(map[string]*keeping)}
}

// written is how many letters the desk has kept.
func (d *desk) written() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.letters)
}

// choose returns the choices for a batch, every letter in them kept. A post that
// is withdrawn meanwhile makes it choose anew.
func (d *desk) choose(ctx context.Context, batch []Candidate) ([]Choice, error) {
	for range maxPasses {
		choices, err := d.tryToChoose(ctx, batch)
		if !errors.Is(err, ErrWithdrawn) {
			return choices, err
		}
	}
	return nil, errRestless
}

func (d *desk) tryToChoose(ctx context.Context, batch []Candidate) ([]Choice, error) {
	corrections, err := d.corrections(ctx, batch)
	if err != nil {
		return nil, err
	}
	choices, fresh, err := d.assign(ctx, batch, corrections)
	d.write(ctx, fresh)
	if err != nil {
		return nil, err
	}
	return choices, d.await(ctx, choices)
}

// assign finds the letter of each of a batch, and which of them nobody writes
// yet: that is for the caller to do, whatever happens.
func (d *desk) assign(ctx context.Context, batch []Candidate, corrections [][]digest.Entry) (choices []Choice, fresh []*keeping, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	choices = make([]Choice, len(batch))
	for i := range batch {
		s := &batch[i].Subscriber
		letter, k, err := d.letter(ctx, s, corrections[i])
		if err != nil {
			return nil, fresh, err
		}
		if k != nil {
			fresh = append(fresh, k)
		}
		choices[i] = Choice{
			Subscriber: s.ID, Version: s.Version, Cursor: s.Cursor,
			Letter: letter, Group: d.o.Group(s.Address),
		}
	}
	return choices, fresh, nil
}

// atOnce is how many letters are written at a time: a store needs not much
// longer for several than for one.
const atOnce = 16

// write renders and keeps letters.
func (d *desk) write(ctx context.Context, fresh []*keeping) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, k := range fresh {
		group.Go(func() error {
			defer close(k.done)
			if k.err = ctx.Err(); k.err == nil {
				k.err = d.keep(ctx, k.letter)
			}
			if errors.Is(k.err, ErrWithdrawn) {
				d.forget(k.letter.ID)
			}
			k.letter = digest.Letter{}
			return nil
		})
	}
	_ = group.Wait() // each has its own error
}

// forget lets go of a letter that must not be kept, and of the log as it was
// when the letter was composed.
func (d *desk) forget(letter string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.letters, letter)
	clear(d.memo)
	d.log, d.from = nil, d.edition.Mark
	d.errata, d.read = nil, false
}

// await waits until every letter of the choices is kept.
func (d *desk) await(ctx context.Context, choices []Choice) error {
	for _, c := range choices {
		if c.Letter == "" {
			continue
		}
		d.mu.Lock()
		k := d.letters[c.Letter]
		d.mu.Unlock()
		if k == nil {
			return ErrWithdrawn // forgotten by another batch
		}
		select {
		case <-k.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if k.err != nil {
			return k.err
		}
	}
	return nil
}

// corrections returns what each of a batch has to be told of.
func (d *desk) corrections(ctx context.Context, batch []Candidate) ([][]digest.Entry, error) {
	d.mu.Lock()
	fresh := !d.read
	if fresh && d.o.Recall != nil {
		var err error
		if d.errata, err = readErrata(ctx, &d.o); err != nil {
			d.mu.Unlock()
			return nil, fmt.Errorf("corrections: %w", err)
		}
		d.read = true
	}
	e := d.errata
	d.mu.Unlock()
	due, err := e.due(ctx, batch)
	if err != nil || fresh || !slices.ContainsFunc(due, func(c []digest.Entry) bool { return len(c) > 0 }) {
		return due, err
	}
	again, err := e.current(ctx, &d.o, batch)
	if err != nil {
		return nil, fmt.Errorf("corrections: %w", err)
	}
	if again == e {
		return due, nil
	}
	d.mu.Lock()
	if d.errata == e {
		d.errata = again
	}
	d.mu.Unlock()
	return again.due(ctx, batch)
}

// letter returns the ID of the letter for s, "" if nothing is pending:
// corrections alone make no mail. If nobody writes it yet, it comes with what
// says that somebody does now. The caller holds the lock.
func (d *desk) letter(ctx context.Context, s *subscribers.Subscriber, corrections []digest.Entry) (string, *keeping, error) {
	key := memoKey(s, corrections)
	if id, ok := d.memo[key]; ok {
		return id, nil, nil
	}
	letter, err := d.compose(ctx, s, corrections)
	if err != nil {
		return "", nil, err
	}
	var k *keeping
	if len(letter.Entries) == 0 {
		letter.ID = ""
	} else if d.letters[letter.ID] == nil {
		k = &keeping{letter: letter, done: make(chan struct{})}
		d.letters[letter.ID] = k
	}
	if len(d.memo) >= maxMemo {
		clear(d.memo)
	}
	d.memo[key] = letter.ID
	return letter.ID, k, nil
}

// contents returns the letters for a batch without keeping them.
func (d *desk) contents(ctx context.Context, batch []Candidate) ([]digest.Letter, error) {
	corrections, err := d.corrections(ctx, batch)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	letters := make([]digest.Letter, len(batch))
	for i := range batch {
		if letters[i], err = d.compose(ctx, &batch[i].Subscriber, corrections[i]); err != nil {
			return nil, err
		}
	}
	return letters, nil
}

func (d *desk) compose(ctx context.Context, s *subscribers.Subscriber, corrections []digest.Entry) (digest.Letter, error) {
	if s.Cursor < d.from {
		older, err := d.o.Log.Since(ctx, s.Cursor, d.from)
		if err != nil {
			return digest.Letter{}, fmt.Errorf("arrival log after %d: %w", s.Cursor, err)
		}
		d.log = append(older, d.log...)
		d.from = s.Cursor
	}
	entries := digest.Pending(d.log, s.Cursor, s.Topics)
	return digest.Letter{
		ID:      d.o.LetterID(d.edition.ID, digest.Key(s.Language, entries, corrections)),
		Edition: d.edition.ID, Cadence: d.edition.Cadence, Language: s.Language, Entries: entries, Corrections: corrections,
	}, nil
}

func (d *desk) keep(ctx context.Context, l digest.Letter) error {
	rendered, err := d.o.Renderer.Render(l)
	if err != nil {
		return fmt.Errorf("render letter %s: %w", l.ID, err)
	}
	data, err := EncodeLetter(l, rendered)
	if err != nil {
		return err
	}
	if err := d.o.Planning.PutLetter(ctx, l.Edition, l.ID, data, l.Brought()...); err != nil {
		return fmt.Errorf("keep letter %s: %w", l.ID, err)
	}
	return nil
}

func memoKey(s *subscribers.Subscriber, corrections []digest.Entry) string {
	var b strings.Builder
	b.WriteString(strconv.FormatInt(s.Cursor, 36))
	for i := range corrections {
		b.WriteByte(' ')
		b.WriteString(strconv.FormatInt(corrections[i].Number, 36))
	}
	b.WriteByte(0)
	b.WriteString(string(s.Language))
	for _, t := range s.Topics {
		b.WriteByte(0)
		b.WriteString(string(t))
	}
	return b.String()
}
