// Package mailer is a bad example.
package mailer

import (
	_ "github.com/enshi-daily/enshi/cmd/enshi"
	_ "github.com/wneessen/go-mail/smtp"
)
