package config

import (
	"maps"
	"slices"
	"strings"
)

// suggest names the known key nearest to name, and all of them if none is near.
func suggest(name string, fields map[string]int) string {
	known := slices.Sorted(maps.Keys(fields))
	best, least := "", 1+len(name)/3
	for _, k := range known {
		if n := distance(strings.ToLower(name), k); n <= least && (best == "" || n < least) {
			best, least = k, n
		}
	}
	if best != "" {
		return ", did you mean " + best + "?"
	}
	return "; known here: " + strings.Join(known, ", ")
}

// distance is how many letters are to be put in, taken out, exchanged or
// swapped with their neighbour to turn a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
