// Package sqlitedb keeps everything in one SQLite file: the store that needs no
// service. It implements the contracts of posts, digest, subscribers and
// delivery with one type, DB, and is the only door to the SQL driver.
//
// Several processes work on one file at a time: the command line works while
// the daemon runs. Every step that writes is one immediate transaction, flushed
// to the disk before it is answered (WAL, synchronous FULL), and short, so that
// a planner never starves a sender. Each process writes through one connection
// and reads through several.
//
// Errors of the driver end here: they come out naming the file and what to do.
package sqlitedb
