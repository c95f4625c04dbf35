// Package redisdb keeps everything in Redis 7, for sites that run on several
// machines. One type, DB, implements every store contract of posts, digest,
// subscribers and delivery.
//
// All that is about one person (record, cursor, deliveries, queues) lives in
// one of 64 shards, chosen by the subscriber ID, so that a step on a person is
// one script on one hash slot. Editions, the arrival log, identities and
// letters share the slot {c}; limits and budgets share {p}. Everything
// therefore runs unchanged on a single server, behind Sentinel and on a
// Cluster.
//
// keys.go has one function a key with its type and lifetime; lua has one file
// a script with its keys, arguments and answers. Nothing of go-redis leaves
// this package, and no call is repeated behind the caller's back: an error
// means that the step may or may not have been taken, and every method may
// then be called again.
package redisdb
