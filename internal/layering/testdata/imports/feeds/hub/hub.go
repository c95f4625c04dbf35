// Package hub is a bad example.
package hub

import (
	_ "github.com/enshi-daily/enshi/feeds"
	_ "github.com/enshi-daily/enshi/posts"
	_ "github.com/gorilla/feeds"
	_ "net/http"
)
