package mailer_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/mailer"
)

func newMaildir(t *testing.T) (*mailer.Maildir, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "outbox")
	d, err := mailer.NewMaildir(dir, newComposer(t))
	if err != nil {
		t.Fatal(err)
	}
	return d, dir
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestMaildirHoldsTheMessage(t *testing.T) {
	d, dir := newMaildir(t)
	m := newMessage(t)
	out := d.Send(t.Context(), m, func(context.Context) error {
		if tmp, ready := files(t, filepath.Join(dir, "tmp")), files(t, filepath.Join(dir, "new")); len(tmp) != 1 || len(ready) != 0 {
			t.Errorf("when begin runs tmp has %v and new %v, want one file in tmp", tmp, ready)
		}
		return nil
	})
	if out.Class != delivery.Delivered || !strings.Contains(out.Reply, dir) {
		t.Errorf("Send = %+v", out)
	}
	names := files(t, filepath.Join(dir, "new"))
	if len(names) != 1 || len(files(t, filepath.Join(dir, "tmp"))) != 0 {
		t.Fatalf("new has %v, want one file; tmp must be empty", names)
	}
	if strings.ContainsAny(names[0], ":/") {
		t.Errorf("file name %q: a Maildir keeps : and / for itself", names[0])
	}
	data, err := os.ReadFile(filepath.Join(dir, "new", names[0]))
	if err != nil {
		t.Fatal(err)
	}
	path, rest, _ := bytes.Cut(data, []byte("\n"))
	if want := "Return-Path: <" + newComposer(t).Tokens().ReturnPath(m.Delivery.Subscriber) + ">"; string(path) != want {
		t.Errorf("first line %q, want %q", path, want)
	}
	if eml := bytes.ReplaceAll(compose(t, newComposer(t), m), []byte("\r\n"), []byte("\n")); !bytes.Equal(rest, eml) {
		t.Error("the file holds another message than was composed")
	}
}

func TestMaildirIsForItsOwnerAlone(t *testing.T) {
	_, dir := newMaildir(t)
	for _, sub := range []string{"", "tmp", "new", "cur"} {
		info, err := os.Stat(filepath.Join(dir, sub))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%q has mode %v, %v; want 0700", sub, info.Mode(), err)
		}
	}
}

func TestMaildirKeepsNothingUnpermitted(t *testing.T) {
	d, dir := newMaildir(t)
	out := d.Send(t.Context(), newMessage(t), func(context.Context) error { return errors.New("left") })
	if out.Class != delivery.NotPermitted {
		t.Errorf("Send = %+v, want not begun", out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if out := d.Send(ctx, newMessage(t), permit); out.Class != delivery.Stopped {
		t.Errorf("Send after a cancel = %+v, want stopped", out)
	}
	m := newMessage(t)
	m.Rendered = nil
	if out := d.Send(t.Context(), m, permit); out.Class != delivery.Bug {
		t.Errorf("Send of nothing = %+v, want a bug", out)
	}
	for _, sub := range []string{"tmp", "new"} {
		if names := files(t, filepath.Join(dir, sub)); len(names) != 0 {
			t.Errorf("%s has %v, want nothing", sub, names)
		}
	}
}

func TestSecondCopyTakesTheFirstOnesPlace(t *testing.T) {
	d, dir := newMaildir(t)
	rendered := newMessage(t).Rendered
	for _, m := range []delivery.Message{
		newMessage(t), newMessage(t), messageWith(t, rendered, "other@example.net"), newNotice(t, delivery.EditionConfirm, "en"),
	} {
		if out := d.Send(t.Context(), m, permit); out.Class != delivery.Delivered {
			t.Fatalf("Send = %+v", out)
		}
	}
	if names := files(t, filepath.Join(dir, "new")); len(names) != 3 {
		t.Errorf("new has %v, want 3 files for 4 sends of 3 messages", names)
	}
}

func TestMaildirThatCannotBeWrittenIsOurFault(t *testing.T) {
	d, dir := newMaildir(t)
	if err := os.RemoveAll(filepath.Join(dir, "tmp")); err != nil {
		t.Fatal(err)
	}
	if out := d.Send(t.Context(), newMessage(t), permit); out.Class != delivery.OurFault || !strings.HasPrefix(out.Reply, dir) {
		t.Errorf("Send = %+v, want our fault, naming the directory", out)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mailer.NewMaildir(file, newComposer(t)); err == nil {
		t.Error("NewMaildir took a file")
	}
}

func TestMaildirKeepsNothingThatItCouldNotDeliver(t *testing.T) {
	d, dir := newMaildir(t)
	out := d.Send(t.Context(), newMessage(t), func(context.Context) error { return os.RemoveAll(filepath.Join(dir, "new")) })
	if out.Class != delivery.OurFault {
		t.Errorf("Send = %+v, want our fault", out)
	}
	if names := files(t, filepath.Join(dir, "tmp")); len(names) != 0 {
		t.Errorf("tmp has %v, want nothing", names)
	}
}
