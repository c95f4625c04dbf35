package posts

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"time"
)

// Listing is which files of a site may be posts, and when each was written: the
// first half of a Scan. It is never changed.
type Listing struct {
	sources []source
	folders map[string]string
	diags   []Diagnostic
}

// List walks over the site without reading a file.
func (r *Reader) List(ctx context.Context) (*Listing, error) {
	w, err := r.newWalker()
	if err != nil {
		return nil, err
	}
	root, err := fs.Stat(r.opts.FS, ".")
	if err != nil {
		return nil, fmt.Errorf("read the site's root: %w", err)
	}
	if err := w.walk(ctx, ".", []fs.FileInfo{root}); err != nil {
		return nil, err
	}
	return &Listing{sources: w.sources, folders: w.folders, diags: w.diags}, nil
}

// Len is how many files may be posts.
func (l *Listing) Len() int { return len(l.sources) }

// Digest is the same for the same names, sizes, times and numbers of files.
func (l *Listing) Digest() [sha256.Size]byte {
	const flush = 1 << 16
	h := sha256.New()
	buf := make([]byte, 0, flush+1024)
	for _, s := range l.sources {
		buf = append(append(buf, s.path...), 0)
		buf = binary.LittleEndian.AppendUint64(buf, uint64(s.stamp.size))
		buf = binary.LittleEndian.AppendUint64(buf, uint64(s.stamp.mtime))
		buf = binary.LittleEndian.AppendUint64(buf, s.stamp.inode)
		if len(buf) >= flush {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	for _, d := range l.diags {
		buf = append(append(buf, d.String()...), 0)
	}
	h.Write(buf)
	return [sha256.Size]byte(h.Sum(nil))
}

// Calm says that no file was written after a moment. A file that was written at
// about the time of the listing may be written again and look the same.
func (l *Listing) Calm(since time.Time) bool {
	limit := since.UnixNano()
	for _, s := range l.sources {
		if s.stamp.mtime > limit {
			return false
		}
	}
	return true
}
