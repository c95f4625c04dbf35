// Package enshi is a bad example.
package enshi

import (
	_ "github.com/enshi-daily/enshi/internal/probe"
	_ "github.com/enshi-daily/enshi/web"
	_ "github.com/urfave/cli/v2"
)
