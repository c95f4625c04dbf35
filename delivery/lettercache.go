package delivery

import (
	"context"
	"sync"
	"time"
)

// maxLetters is how many bytes of letters a worker keeps at hand: some thousand
// letters.
const maxLetters = 64 << 20

// lettersFresh is how long a worker goes on with the letters at hand before it
// asks whether one was rewritten.
const lettersFresh = time.Second

// letterCache reads a letter from the store and makes it ready once, however
// many recipients it has.
type letterCache struct {
	source Letters
	ready  func([]byte) ([]byte, error)

	mu       sync.Mutex
	kept     map[string][]byte
	size     int
	asked    time.Time // when rewrites was
	rewrites int64
}

// renew lets go of the letters at hand if one was rewritten. A store that is away
// is said by those who need it.
func (c *letterCache) renew(ctx context.Context, now time.Time) {
	c.mu.Lock()
	due := now.Sub(c.asked).Abs() >= lettersFresh
	c.mu.Unlock()
	if !due {
		return
	}
	rewrites, err := c.source.Rewrites(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		return
	}
	if rewrites != c.rewrites {
		c.kept, c.size = nil, 0
	}
	c.asked, c.rewrites = now, rewrites
}

// get returns a letter's rendering, nothing if all its posts were withdrawn.
func (c *letterCache) get(ctx context.Context, edition, letter string) ([]byte, error) {
	c.mu.Lock()
	rendered, ok := c.kept[letter]
	rewrites := c.rewrites
	c.mu.Unlock()
	if ok {
		return rendered, nil
	}
	data, err := c.source.Letter(ctx, edition, letter)
	if err != nil {
		return nil, err
	}
	if _, rendered, err = unpackLetter(data); err != nil {
		return nil, err
	}
	if len(rendered) == 0 {
		return nil, nil
	}
	if ready, err := c.ready(rendered); err == nil {
		rendered = ready
	} // else the Sender says what is wrong with it
	c.put(letter, rendered, rewrites)
	return rendered, nil
}

// put keeps a letter that was read after so many rewrites.
func (c *letterCache) put(letter string, rendered []byte, rewrites int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rewrites != c.rewrites {
		return
	}
	if c.kept == nil {
		c.kept = make(map[string][]byte)
	}
	c.size += len(rendered) - len(c.kept[letter])
	c.kept[letter] = rendered
	for other, bytes := range c.kept {
		if c.size <= maxLetters {
			break
		}
		delete(c.kept, other)
		c.size -= len(bytes)
	}
}
