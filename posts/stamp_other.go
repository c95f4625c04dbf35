//go:build !unix

package posts

import "io/fs"

// inode is the file's number, 0 where there is none.
func inode(fs.FileInfo) uint64 { return 0 }
