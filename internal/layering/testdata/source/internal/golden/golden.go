// Package golden has the one flag that is let be, and another.
package golden

import "flag"

var update = flag.Bool("update", false, "")

var other = flag.Bool("other", false, "")
