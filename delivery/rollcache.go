package delivery

import (
	"sync"
	"time"
)

// RollCache holds the rolls that a planner is just going through: it asks for
// many people of one part of the subscribers after each other. Safe for
// concurrent use.
type RollCache struct {
	mu      sync.Mutex
	kept    map[rollName]keptRoll
	members int
}

type rollName struct{ edition, part string }

type keptRoll struct {
	roll Roll
	read time.Time
}

// What a cache holds at most, 16 bytes a member; and no roll for long, because
// what an operator has sent again joins it later.
const (
	maxMembers = 2_000_000
	rollFresh  = time.Minute
)

// Find returns the roll of an edition for a part of its subscribers, by whatever
// name the store has for the part.
func (c *RollCache) Find(edition, part string, now time.Time) (Roll, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.kept[rollName{edition, part}]
	return k.roll, ok && now.Sub(k.read).Abs() < rollFresh
}

// Keep decodes a roll that a store has read and keeps it, unless it is empty:
// then the part may have its rows yet. One that cannot be read is empty, too: nobody
// hears of corrections from that edition, but everybody can be planned. What ages
// editions says that it is so.
func (c *RollCache) Keep(edition, part string, now time.Time, data []byte) Roll {
	r, err := DecodeRoll(data)
	if err != nil || r.Len() == 0 {
		return Roll{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || c.members+r.Len() > maxMembers {
		c.kept, c.members = make(map[rollName]keptRoll), 0
	}
	name := rollName{edition, part}
	c.members += r.Len() - c.kept[name].roll.Len()
	c.kept[name] = keptRoll{r, now}
	return r
}
