//go:build !linux

package sqlitedb

// networkFileSystem knows the file systems of Linux alone.
func networkFileSystem(string) string { return "" }
