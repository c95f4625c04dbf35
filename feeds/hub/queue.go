package hub

import (
	"container/heap"
	"time"
)

// ping is a topic that waits for a hub.
type ping struct {
	topic string
	due   time.Time
	order uint64    // of those due at the same time
	tries int       // that failed
	first time.Time // attempt; zero before it
}

// queue holds pings, the one that is due first on top, each topic once.
type queue struct {
	pings  pings
	topics map[string]*ping
	added  uint64
}

// add puts a topic in; if it waits already, that ping is enough, and counts as
// a fresh one.
func (q *queue) add(topic string, now time.Time) {
	if waiting := q.topics[topic]; waiting != nil {
		waiting.tries, waiting.first = 0, time.Time{}
		return
	}
	q.push(&ping{topic: topic, due: now})
}

// push puts a ping in. It must not wait already.
func (q *queue) push(p *ping) {
	if q.topics == nil {
		q.topics = make(map[string]*ping)
	}
	q.added++
	p.order = q.added
	q.topics[p.topic] = p
	heap.Push(&q.pings, p)
}

func (q *queue) has(topic string) bool { return q.topics[topic] != nil }

func (q *queue) len() int { return len(q.pings) }

// due is when the first ping may go; there must be one.
func (q *queue) due() time.Time { return q.pings[0].due }

func (q *queue) pop() *ping {
	p := heap.Pop(&q.pings).(*ping)
	delete(q.topics, p.topic)
	if len(q.pings) == 0 {
		q.pings, q.topics = nil, nil // what a burst took is given back
	}
	return p
}

// pings is a heap.
type pings []*ping

func (p pings) Len() int { return len(p) }

func (p pings) Less(i, j int) bool {
	if p[i].due.Equal(p[j].due) {
		return p[i].order < p[j].order
	}
	return p[i].due.Before(p[j].due)
}

func (p pings) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

// Push is for container/heap.
func (p *pings) Push(one any) { *p = append(*p, one.(*ping)) }

// Pop is for container/heap.
func (p *pings) Pop() any {
	last := len(*p) - 1
	one := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return one
}
