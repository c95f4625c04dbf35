// Package long is a bad example.
package long

import (
	"context"
	"testing"
)

type many interface {
	few(ctx context.Context, a, b int)
	toomany(a, b int, c string)
}

func short(tb testing.TB, ctx context.Context, a, b int) int {
	return a + b
}

type Record struct{}

func change(s Record, a, b int) (Record, bool) { return s, true }

func changeTwo(s, t Record, a, b int) Record { return s }

func toomany(t *testing.T, a int, b, c string) {}

func unnamed(int, int, int) {}

func long() int {
	a := 1
	a++
	return a
}
