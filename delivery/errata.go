package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// errata are the corrections that somebody may still have to be told of.
type errata struct {
	recall    Recall
	corrected []digest.Entry
	editions  []string // that brought their posts
	letters   map[letterName][]digest.Brought
	planned   map[string]int // for how many editions had a delivery before the letters were read
}

type letterName struct{ edition, letter string }

// readErrata finds the posts of the last RecallFor that were corrected, and the
// letters that brought them; nil if nobody has to be told of anything.
func readErrata(ctx context.Context, o *PlannerOptions) (*errata, error) {
	since := o.Now().Add(-RecallFor)
	corrected, err := o.Log.Amended(ctx, since)
	if err != nil {
		return nil, err
	}
	corrected = slices.DeleteFunc(corrected, func(c digest.Entry) bool { return c.Withdrawn || c.Correction == "" })
	if len(corrected) == 0 {
		return nil, nil
	}
	heads, err := o.Recall.Bringing(ctx, since, numbersOf(corrected)...)
	if err != nil {
		return nil, err
	}
	// A post that was never sent with another text concerns nobody.
	corrected = slices.DeleteFunc(corrected, func(c digest.Entry) bool {
		return !slices.ContainsFunc(heads, func(h Letterhead) bool { return bringsOther(h.Brought, c.Number, c.Version()) })
	})
	if len(corrected) == 0 {
		return nil, nil
	}
	return newErrata(errata{recall: o.Recall, corrected: corrected}, heads), nil
}

func newErrata(base errata, heads []Letterhead) *errata {
	e, corrected := &base, base.corrected
	e.editions, e.letters = nil, make(map[letterName][]digest.Brought, len(heads))
	numbers := numbersOf(corrected)
	for _, h := range heads {
		brought := slices.DeleteFunc(h.Brought, func(b digest.Brought) bool { return !slices.Contains(numbers, b.Number) })
		if len(brought) > 0 {
			e.letters[letterName{h.Edition, h.Letter}] = brought
			e.editions = append(e.editions, h.Edition)
		}
	}
	slices.Sort(e.editions)
	e.editions = slices.Compact(e.editions)
	return e
}

// current is e, or what takes its place if another edition may have told some of
// a batch of corrections since the letters were read. Whoever was in that
// edition's rhythm then has its mark as cursor; what is planned for him after the
// batch was read moves his cursor, so that this choice will not count.
func (e *errata) current(ctx context.Context, o *PlannerOptions, batch []Candidate) (*errata, error) {
	now, err := planned(ctx, o, batch)
	if err != nil {
		return nil, err
	}
	known := maps.Clone(e.planned)
	if known == nil {
		known = make(map[string]int, len(now))
	}
	maps.Copy(known, now)
	if o.Editions != nil && maps.Equal(known, e.planned) {
		return e, nil
	}
	heads, err := e.recall.Bringing(ctx, o.Now().Add(-RecallFor), numbersOf(e.corrected)...)
	if err != nil {
		return nil, err
	}
	return newErrata(errata{recall: e.recall, corrected: e.corrected, planned: known}, heads), nil
}

// plannedAmong is how many editions are looked at, the latest ones. What counts
// is only what was planned since this run read its letters, and a hundred
// editions take longer to open than one to plan: what an older one has, it had
// then.
const plannedAmong = 100

// planned returns for how many the editions that end at the cursors of a batch
// have a delivery. One that was planned to its end may have more later: whoever
// changes to its rhythm is still planned.
func planned(ctx context.Context, o *PlannerOptions, batch []Candidate) (map[string]int, error) {
	if o.Editions == nil {
		return nil, nil
	}
	latest, err := o.Editions.Editions(ctx, plannedAmong)
	if err != nil {
		return nil, fmt.Errorf("editions: %w", err)
	}
	cursors := make(map[int64]bool, 1)
	for i := range batch {
		cursors[batch[i].Subscriber.Cursor] = true
	}
	planned := make(map[string]int)
	for _, one := range latest {
		if !cursors[one.Mark] {
			continue
		}
		counts, err := o.Editions.Counts(ctx, one.ID)
		if err != nil {
			return nil, fmt.Errorf("edition %s: %w", one.ID, err)
		}
		planned[one.ID] = counts.Total()
	}
	return planned, nil
}

func numbersOf(entries []digest.Entry) []int64 {
	numbers := make([]int64, len(entries))
	for i := range entries {
		numbers[i] = entries[i].Number
	}
	return numbers
}

func bringsOther(brought []digest.Brought, number int64, version uint32) bool {
	return slices.ContainsFunc(brought, func(b digest.Brought) bool { return b.Number == number && b.Version != version })
}

// due returns for each of a batch what he has to be told of: one question to the
// store for all of them.
func (e *errata) due(ctx context.Context, batch []Candidate) ([][]digest.Entry, error) {
	due := make([][]digest.Entry, len(batch))
	if e == nil {
		return due, nil
	}
	ids := make([]subscribers.ID, len(batch))
	for i := range batch {
		ids[i] = batch[i].Subscriber.ID
	}
	reached, err := e.recall.Reached(ctx, ids, e.editions...)
	if err != nil {
		return nil, fmt.Errorf("who was sent the corrected posts: %w", err)
	}
	var received []digest.Received
	for i, row := range reached {
		received = received[:0]
		for k, r := range row {
			if brought := e.letters[letterName{e.editions[k], r.Letter}]; brought != nil {
				received = append(received, digest.Received{Brought: brought, Has: r.Has(), Gets: r.Gets()})
			}
		}
		if len(received) > 0 {
			due[i] = digest.Errata(e.corrected, received)
		}
	}
	return due, nil
}
