package posts

import (
	"context"
	"fmt"
	"time"
)

// Decision is an operator's word on some posts.
type Decision struct {
	Posts    []ID
	Standing Standing // Released or Withdrawn
	Reason   string
	At       time.Time // whole seconds
}

// Decisions is how operators decide on posts while another process watches the
// site. Nobody needs the watch for it.
type Decisions interface {
	// Decide releases those of the posts that are held, or withdraws those on
	// record that no operator withdrew before; it returns the IDs of these and
	// passes over the others. What is withdrawn is withdrawn in the arrival log
	// in the same step, and no Record or Update undoes it. All or none.
	Decide(ctx context.Context, d Decision) ([]ID, error)
	// Decided changes with every Decide that decided something, and with
	// nothing else. It is empty before the first.
	Decided(ctx context.Context) (string, error)
}

// Undecidable says that a Decision has a Standing that nobody can decide on.
func (d *Decision) Undecidable() error {
	if d.Standing == Released || d.Standing == Withdrawn {
		return nil
	}
	return fmt.Errorf("decide on posts: standing %q: expected released or withdrawn", d.Standing)
}
