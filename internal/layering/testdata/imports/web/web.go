// Package web is a bad example.
package web

import (
	_ "github.com/enshi-daily/enshi/internal/probe"
	_ "github.com/enshi-daily/enshi/mailer"
	_ "github.com/enshi-daily/enshi/posts"
	_ "net/http"
)
