package mailer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/enshi-daily/enshi/delivery"
)

// Maildir writes every message into a directory that mail programs open
// (delivery.Sender): what a new user sees without a mail server.
type Maildir struct {
	dir      string
	composer *Composer
}

var _ delivery.Sender = (*Maildir)(nil)

// NewMaildir makes the directory and its tmp, new and cur, for the user alone:
// there are addresses in it.
func NewMaildir(dir string, c *Composer) (*Maildir, error) {
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("maildir: %w", err)
		}
	}
	return &Maildir{dir, c}, nil
}

// Send implements delivery.Sender. The final dot of a Maildir is the rename
// into new.
func (d *Maildir) Send(ctx context.Context, m delivery.Message, begin func(context.Context) error) delivery.Outcome {
	if ctx.Err() != nil {
		return d.outcome(delivery.Stopped, context.Cause(ctx))
	}
	e, err := d.composer.compose(nil, &m)
	if err != nil {
		return d.outcome(delivery.Bug, err)
	}
	tmp, err := d.write(e)
	if err != nil {
		return d.outcome(delivery.OurFault, err)
	}
	if err := begin(ctx); err != nil {
		return d.outcome(delivery.NotPermitted, errors.Join(err, os.Remove(tmp)))
	}
	if err := os.Rename(tmp, filepath.Join(d.dir, "new", name(&m))); err != nil {
		return d.outcome(delivery.OurFault, errors.Join(err, os.Remove(tmp)))
	}
	if err := syncDir(filepath.Join(d.dir, "new")); err != nil {
		return d.outcome(delivery.InDoubt, err)
	}
	return delivery.Outcome{Class: delivery.Delivered, Reply: d.dir + ": written"}
}

// Relays implements delivery.Sender.
func (d *Maildir) Relays() []delivery.Relay { return nil }

// Close implements delivery.Sender.
func (d *Maildir) Close() error { return nil }

// name is the same for a second copy of a message, so that it takes the first
// one's place while that is unread; different messages have different names.
// Its parts follow the Maildir convention: seconds, something unique, where.
func name(m *delivery.Message) string {
	d := &m.Delivery
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", d.Edition, d.Subscriber, d.Address, d.Created.Unix()))
	return strconv.FormatInt(m.Dated.Unix(), 10) + "." + hex.EncodeToString(sum[:12]) + ".enshi"
}

// write writes a message into tmp, safe on the disk.
func (d *Maildir) write(e envelope) (path string, err error) {
	f, err := os.CreateTemp(filepath.Join(d.dir, "tmp"), "enshi-*")
	if err != nil {
		return "", err
	}
	content := append([]byte("Return-Path: <"+e.from+">\n"), bytes.ReplaceAll(e.bytes, []byte("\r\n"), []byte("\n"))...)
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d *Maildir) outcome(class delivery.Class, err error) delivery.Outcome {
	return delivery.Outcome{Class: class, Reply: d.dir + ": " + clean(err.Error())}
}
