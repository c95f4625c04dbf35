// Package mail is a bad example.
package mail

import (
	_ "github.com/wneessen/go-mail"
)
