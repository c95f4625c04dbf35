//go:build unix

package posts

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// dir adds to os.DirFS a way to read files that does not try to have each of
// them watched by the runtime's poller first: that takes five calls a file, and
// a regular file cannot be.
type dir struct {
	fs.FS
	root string
}

func newDir(root string) fs.FS { return dir{os.DirFS(root), root} }

// ReadDir, Stat and ReadFile are os.DirFS's where the fs package looks for them.
func (d dir) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(d.FS, name) }

func (d dir) Stat(name string) (fs.FileInfo, error) { return fs.Stat(d.FS, name) }

func (d dir) ReadFile(name string) ([]byte, error) {
	info, err := d.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return fs.ReadFile(d.FS, name)
	}
	return d.appendFile(nil, name, info.Size(), 1<<62)
}

// appendFile appends a regular file to buf. size is how long it probably is.
func (d dir) appendFile(buf []byte, name string, size, most int64) ([]byte, error) {
	fail := func(op string, err error) ([]byte, error) {
		return buf, &fs.PathError{Op: op, Path: name, Err: err}
	}
	if !fs.ValidPath(name) {
		return fail("open", fs.ErrInvalid)
	}
	fd, err := again(func() (int, error) {
		return syscall.Open(d.root+"/"+name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	})
	if err != nil {
		return fail("open", err)
	}
	defer syscall.Close(fd) //nolint:errcheck // nothing was written
	start := int64(len(buf))
	buf = grow(buf, size+1)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := again(func() (int, error) { return syscall.Read(fd, buf[len(buf):cap(buf)]) })
		if err != nil {
			return fail("read", err)
		}
		buf = buf[:len(buf)+n]
		got := int64(len(buf)) - start
		// As long as it should be, and there was room for more: this is its end.
		if n == 0 || got > most || got == size && len(buf) < cap(buf) {
			return buf, nil
		}
	}
}

// again repeats a call that a signal interrupted, as network file systems let
// it be.
func again(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}

// grow makes room in buf for n bytes more, and a quarter as much again for the
// longer file that may come next.
func grow(buf []byte, n int64) []byte {
	if int64(cap(buf)-len(buf)) >= n {
		return buf
	}
	return append(make([]byte, 0, int64(len(buf))+n+n/4), buf...)
}
