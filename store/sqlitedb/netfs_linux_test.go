package sqlitedb

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetworkFileSystems(t *testing.T) {
	refused := []uint32{
		unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC,
		unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC, unix.CODA_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC,
	}
	for _, magic := range refused {
		if networkName(magic) == "" {
			t.Errorf("file system %#x is not recognised as a network one", magic)
		}
	}
	local := []uint32{
		unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC,
		unix.OVERLAYFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC, unix.V9FS_MAGIC,
	}
	for _, magic := range local {
		if name := networkName(magic); name != "" {
			t.Errorf("file system %#x is taken for %s", magic, name)
		}
	}
	if name := networkFileSystem(t.TempDir()); name != "" {
		t.Errorf("the test's directory is on %s", name)
	}
}
