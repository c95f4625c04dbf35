//go:build !unix

package posts

import (
	"io/fs"
	"os"
)

func newDir(root string) fs.FS { return os.DirFS(root) }
