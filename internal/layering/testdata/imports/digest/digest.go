// Package digest is a bad example.
package digest

import (
	_ "database/sql"
	_ "github.com/enshi-daily/enshi/posts"
	_ "net/http"
)
