// Package posts is a bad example.
package posts

import (
	_ "fmt"
	_ "github.com/enshi-daily/enshi/digest"
)
