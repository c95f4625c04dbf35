package posts

import "maps"

// layered is a map that is never changed. Another version of it shares most of
// its memory: a few changes lie on top of a base that many versions have in
// common.
type layered[K comparable, V any] struct {
	base map[K]V
	top  map[K]overlay[V]
	size int
}

// overlay is a value on top of the base, or that there is none.
type overlay[V any] struct {
	value V
	gone  bool
}

// maxTop is how many changes lie on a base before there is a new one.
const maxTop = 512

// layer makes a version of a map that it takes over.
func layer[K comparable, V any](base map[K]V) layered[K, V] {
	return layered[K, V]{base: base, size: len(base)}
}

func (l layered[K, V]) get(k K) (V, bool) {
	if c, ok := l.top[k]; ok {
		return c.value, !c.gone
	}
	v, ok := l.base[k]
	return v, ok
}

func (l layered[K, V]) len() int { return l.size }

// with returns the version in which some keys are gone and others have values.
// What is in both has the value.
func (l layered[K, V]) with(gone []K, values map[K]V) layered[K, V] {
	next := layered[K, V]{base: l.base, top: maps.Clone(l.top), size: l.size}
	if next.top == nil {
		next.top = make(map[K]overlay[V], len(gone)+len(values))
	}
	set := func(k K, c overlay[V]) {
		if _, there := next.get(k); there {
			next.size--
		}
		if !c.gone {
			next.size++
		}
		next.top[k] = c
	}
	for _, k := range gone {
		set(k, overlay[V]{gone: true})
	}
	for k, v := range values {
		set(k, overlay[V]{value: v})
	}
	if len(next.top) > maxTop {
		return layer(next.merged())
	}
	return next
}

// merged is the map as a whole, which nobody may change.
func (l layered[K, V]) merged() map[K]V {
	if len(l.top) == 0 {
		return l.base
	}
	all := maps.Clone(l.base)
	for k, c := range l.top {
		if c.gone {
			delete(all, k)
		} else {
			all[k] = c.value
		}
	}
	return all
}
