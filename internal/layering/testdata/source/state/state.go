// Package state is a bad example.
package state

import (
	_ "embed"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
)

var ErrGood = errors.New("good")

var (
	errGood           = errors.New("good")
	good              = regexp.MustCompile("good")
	list              = [...]string{"good", constant}
	pairs             = [...]struct{ a, b int }{{1, -2}}
	_       io.Reader = (*os.File)(nil)
)

//go:embed state.go
var embedded string

const constant = "good"

var badError = errors.New("not called Err")

var (
	badMap, badSlice = map[string]int{}, []string{"a"}
	badPointers      = [...]*int{new(int)}
	badZero          int
	badCall          = strings.ToUpper("a")
)

var update = false

func init() { badZero = 1 }

type s struct{}

func (s) init() {}
