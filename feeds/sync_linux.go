package feeds

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncFileSystem writes everything of dir's file system to disk. Since Linux
// 5.8 it reports what could not be written.
func syncFileSystem(dir string) (done bool, err error) {
	d, err := os.Open(dir)
	if err != nil {
		return true, err
	}
	return true, errors.Join(unix.Syncfs(int(d.Fd())), d.Close())
}
