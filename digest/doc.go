// Package digest decides what each person gets. It is pure: no clock, no
// store, no bytes of mail. It owns the arrival log's words and contract (Entry,
// Log), the selection of what is pending for a subscriber, the typed content of
// a letter (Letter), and the calendar of the cadences (Schedule).
//
// A digest is a set, not a time window: pending(subscriber) is the part of the
// arrival log after the subscriber's cursor, cut with the subscriber's topics.
package digest
