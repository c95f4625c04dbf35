// Package helpers is a bad example.
package helpers

import (
	_ "github.com/enshi-daily/enshi/subscribers"
)
