// Package stray is a bad example.
package stray

import (
	_ "github.com/enshi-daily/enshi/posts"
)
