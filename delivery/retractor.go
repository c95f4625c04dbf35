package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/digest"
)

// RetractorOptions are what a Retractor works with. All but Every are needed.
type RetractorOptions struct {
	Log      Arrivals
	Editions Editions
	Letters  Letters
	Recall   Recall
	Renderer Renderer
	Now      func() time.Time
	Logger   *slog.Logger
	Every    time.Duration // between two looks, default 5 seconds
}

// Retractor takes withdrawn posts out of letters that wait to be sent. A letter
// keeps its ID and the address of its page; one that has nothing left is skipped.
// What it does follows from the log and the letters alone, so several may work
// at once and be killed at any moment.
type Retractor struct {
	o    RetractorOptions
	done map[letterName]string // letters without the posts that it names
}

// NewRetractor returns a retractor.
func NewRetractor(o RetractorOptions) *Retractor {
	if o.Every == 0 {
		o.Every = 5 * time.Second
	}
	return &Retractor{o: o, done: make(map[letterName]string)}
}

// Retracted is what a Retractor did.
type Retracted struct {
	Letters int // rewritten
	Skipped int // deliveries of letters with nothing left
}

// Run looks until ctx ends and returns nil.
func (r *Retractor) Run(ctx context.Context) error {
	for {
		if _, err := r.Retract(ctx); err != nil && ctx.Err() == nil {
			if fenced(err) {
				return err
			}
			r.o.Logger.Warn("withdrawn posts not taken out of letters yet", "error", err)
		}
		if !pause(ctx, r.o.Every) {
			return nil
		}
	}
}

// openAmong is among how many of the latest editions those under way are looked
// for.
const openAmong = 1000

// Retract does it once, for every letter of an edition under way that has a post
// withdrawn in the last RecallFor.
func (r *Retractor) Retract(ctx context.Context) (sum Retracted, err error) {
	open, since, err := r.open(ctx)
	if err != nil || len(open) == 0 {
		return sum, err
	}
	withdrawn, err := r.withdrawn(ctx)
	if err != nil || len(withdrawn) == 0 {
		return sum, err
	}
	heads, err := r.o.Recall.Bringing(ctx, since.Add(-time.Second), withdrawn...)
	if err != nil {
		return sum, err
	}
	emptied := make(map[string][]string) // edition → letters
	clean := make(map[letterName]string)
	for _, h := range heads {
		name, without := letterName{h.Edition, h.Letter}, h.among(withdrawn)
		if !open[h.Edition] || r.done[name] == without {
			continue
		}
		rewritten, left, err := r.rewrite(ctx, name, withdrawn)
		if err != nil {
			return sum, fmt.Errorf("letter %s of edition %s: %w", h.Letter, h.Edition, err)
		}
		if rewritten {
			sum.Letters++
		}
		if left == 0 {
			emptied[h.Edition] = append(emptied[h.Edition], h.Letter)
		}
		clean[name] = without
	}
	for edition, letters := range emptied {
		n, err := r.o.Recall.Retract(ctx, edition, letters...)
		sum.Skipped += n
		if err != nil {
			return sum, fmt.Errorf("edition %s: %w", edition, err)
		}
	}
	r.done = remember(r.done, clean, open)
	if sum != (Retracted{}) {
		r.o.Logger.Info("withdrawn posts taken out of letters", "letters", sum.Letters, "skipped", sum.Skipped)
	}
	return sum, nil
}

// remember adds to what is done and forgets what is of no edition under way.
func remember(done, clean map[letterName]string, open map[string]bool) map[letterName]string {
	for name, without := range done {
		if _, ok := clean[name]; !ok && open[name.edition] {
			clean[name] = without
		}
	}
	return clean
}

// open returns the editions under way, and when the first of them was opened.
func (r *Retractor) open(ctx context.Context) (open map[string]bool, since time.Time, err error) {
	latest, err := r.o.Editions.Editions(ctx, openAmong)
	if err != nil {
		return nil, since, err
	}
	open = make(map[string]bool)
	for _, e := range latest {
		if e.Stage == StagePlanning || e.Stage == StageSending {
			open[e.ID] = true
			since = e.Opened
		}
	}
	return open, since, nil
}

// withdrawn returns the posts that were withdrawn of those that arrived lately.
func (r *Retractor) withdrawn(ctx context.Context) ([]int64, error) {
	amended, err := r.o.Log.Amended(ctx, r.o.Now().Add(-RecallFor))
	if err != nil {
		return nil, fmt.Errorf("arrival log: %w", err)
	}
	return numbersOf(slices.DeleteFunc(amended, func(e digest.Entry) bool { return !e.Withdrawn })), nil
}

// among names those of some posts that the letter brought.
func (h *Letterhead) among(numbers []int64) string {
	brought := slices.DeleteFunc(slices.Clone(h.Brought), func(b digest.Brought) bool { return !slices.Contains(numbers, b.Number) })
	return string(EncodeBrought(brought))
}

// rewrite renders a letter without withdrawn posts, unless that was done. left
// is how many posts it has then.
func (r *Retractor) rewrite(ctx context.Context, name letterName, withdrawn []int64) (done bool, left int, err error) {
	for {
		data, err := r.o.Letters.Letter(ctx, name.edition, name.letter)
		if errors.Is(err, ErrNotFound) {
			return false, 1, nil
		}
		if err != nil {
			return false, 0, err
		}
		letter, _, err := DecodeLetter(data)
		if err != nil {
			return false, 0, err
		}
		gone := func(e digest.Entry) bool { return slices.Contains(withdrawn, e.Number) }
		before := len(letter.Entries) + len(letter.Corrections)
		letter.Entries = slices.DeleteFunc(letter.Entries, gone)
		letter.Corrections = slices.DeleteFunc(letter.Corrections, gone)
		if len(letter.Entries)+len(letter.Corrections) == before {
			return false, len(letter.Entries), nil
		}
		var rendered []byte // nothing tells a worker that nothing is left
		if len(letter.Entries) > 0 {
			if rendered, err = r.o.Renderer.Render(letter); err != nil {
				return false, 0, err
			}
		}
		to, err := EncodeLetter(letter, rendered)
		if err != nil {
			return false, 0, err
		}
		if done, err = r.o.Recall.Rewrite(ctx, name.edition, name.letter, data, to); done || err != nil {
			return done, len(letter.Entries), err
		}
	}
}
