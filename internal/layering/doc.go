// Package layering holds the shape of the house: which package may import
// which, behind which door each third party lives, what a package may be called,
// how long files and functions may be, and that there is no global state.
//
// The rules are functions from a tree to what breaks them; the tests run them
// over the module, and over small bad trees under testdata that each rule must
// find fault with. It is test support and imports no other package of ours.
package layering

import "fmt"

// Violation is one place that breaks a rule.
type Violation struct {
	Rule  string
	Where string // a package, or file:line
	What  string // what is there, and what to do instead
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s (rule: %s)", v.Where, v.What, v.Rule) }
