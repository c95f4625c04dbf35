// Command limit is the floor of a build: it reads every post of a site once and
// writes as many files with as many bytes as an output directory holds, under
// the same names. What enshi takes beyond it is what enshi does.
//
// The bytes are those of a post over and over: nothing is made of what was read.
// Nothing is synced.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: limit SITE OUT REFERENCE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		os.Exit(1)
	}
}

func run(site, out, reference string) error {
	text, err := read(filepath.Join(site, "_posts"))
	if err != nil {
		return err
	}
	if len(text) == 0 {
		return fmt.Errorf("%s: no posts", site)
	}
	return write(out, reference, text)
}

// read reads every file of a directory, each with as few system calls as there
// can be, and returns the largest.
func read(dir string) ([]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	buf, largest := make([]byte, 1<<20), []byte(nil)
	for _, e := range entries {
		n, err := readInto(buf, filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Name(), err)
		}
		if n > len(largest) {
			largest = append(largest[:0], buf[:n]...)
		}
	}
	return largest, nil
}

// readInto reads as much of a file as buf holds.
func readInto(buf []byte, name string) (int, error) {
	file, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	n, err := syscall.Read(file, buf)
	return n, errors.Join(err, syscall.Close(file))
}

// write makes out like reference, filled with text again and again.
func write(out, reference string, text []byte) error {
	files := 0
	err := filepath.WalkDir(reference, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(reference, name)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(out, below), 0o777)
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		files++
		for int64(len(text)) < info.Size() {
			text = append(text, text...)
		}
		return os.WriteFile(filepath.Join(out, below), text[:info.Size()], 0o666)
	})
	if err == nil && files == 0 {
		err = errors.New(reference + ": no files")
	}
	return err
}
