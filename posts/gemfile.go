package posts

import (
	"io/fs"
	"regexp"
	"strconv"
)

var lockedAddressable = regexp.MustCompile(`(?m)^ {4}addressable \((\d+)\.(\d+)\.(\d+)`)

// compatibleIDs says which addressable made the ids that readers have, of which
// those up to 2.8.1 apply NFKC. Gemfile.lock names it; a site without one is
// built by a distribution's Jekyll, such as Debian's, which has 2.8.1.
func compatibleIDs(fsys fs.FS) bool {
	lock, err := fs.ReadFile(fsys, "Gemfile.lock")
	if err != nil {
		return true
	}
	found := lockedAddressable.FindSubmatch(lock)
	if found == nil {
		return true
	}
	var version [3]int
	for i := range version {
		version[i], _ = strconv.Atoi(string(found[i+1])) // digits, or so many that it is a late one
	}
	switch {
	case version[0] != 2:
		return version[0] < 2
	case version[1] != 8:
		return version[1] < 8
	}
	return version[2] < 2
}
