package posts

import "io/fs"

// Dir returns a site's directory as an fs.FS, like os.DirFS. It reads whole
// files with fewer system calls, of which a scan of an archive makes many.
func Dir(root string) fs.FS { return newDir(root) }

// wholeReader is a file system that reads a file into a buffer at once. It
// stops behind most bytes, so that one byte more than is allowed tells that a
// file is too long.
type wholeReader interface {
	appendFile(buf []byte, name string, size, most int64) ([]byte, error)
}
