// Package b is a bad example.
package b

import (
	_ "modernc.org/sqlite"
	_ "testing"
)
