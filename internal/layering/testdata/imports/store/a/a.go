// Package a is a bad example.
package a

import (
	_ "github.com/enshi-daily/enshi/digest"
	_ "github.com/enshi-daily/enshi/store/b"
	_ "github.com/redis/go-redis/v9"
)
