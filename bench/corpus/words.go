package main

import (
	_ "embed"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
)

//go:embed words.txt
var wordList string

// words are the lists of words.txt, cut where names stand in them.
type words map[string][]phrase

// phrase is text and names of lists in turn, text first.
type phrase []string

func readWords(text string) words {
	w := make(words)
	for line := range strings.Lines(text) {
		name, items, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for item := range strings.SplitSeq(items, "|") {
			w[name] = append(w[name], strings.Split(strings.ReplaceAll(item, "}", "{"), "{"))
		}
	}
	return w
}

// dice draws for one post. It does not use rand.Rand, whose way from random bits
// to numbers a release of Go may change.
type dice struct {
	source *rand.PCG
	words  words
}

// n draws from 0 to limit-1.
func (d *dice) n(limit int) int {
	high, _ := bits.Mul64(d.source.Uint64(), uint64(limit))
	return int(high)
}

// chance is true in so many of a thousand cases.
func (d *dice) chance(perMille int) bool { return d.n(1000) < perMille }

// weighted draws an index by weights that add up to sums' last element.
func (d *dice) weighted(sums []int) int {
	x := d.n(sums[len(sums)-1])
	for i, sum := range sums {
		if x < sum {
			return i
		}
	}
	panic("unreachable")
}

// say draws an item of a list and fills in what it names.
func (d *dice) say(name string) string {
	var b strings.Builder
	d.add(&b, name)
	return b.String()
}

func (d *dice) add(b *strings.Builder, name string) {
	switch name {
	case "number":
		fmt.Fprintf(b, "%d", 12+d.n(8000))
		return
	case "percent":
		fmt.Fprintf(b, "%d.%d", 1+d.n(60), d.n(10))
		return
	case "month":
		fmt.Fprintf(b, "%d", 1+d.n(12))
		return
	}
	list := d.words[name]
	for i, part := range list[d.n(len(list))] {
		if i%2 == 1 {
			d.add(b, part)
		} else {
			b.WriteString(part)
		}
	}
}
