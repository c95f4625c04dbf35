// Package probe is a bad example.
package probe

import (
	_ "testing"
)
