// Package web answers HTTP: feeds, the pages of the topics, the pages that
// people come to from their mails (confirm, preferences, unsubscribe), the
// public page of each letter, and what operators look at (status, health,
// metrics).
//
// Three rules hold everywhere. GET changes nothing, ever: mail scanners follow
// links. No cookie is set and no address outside is loaded. Neither an address
// of a person nor a signed link reaches the log: what is logged of a request is
// the pattern of its route.
//
// It decides nothing about people: every change of a record is a function of
// subscribers, kept by compare-and-swap (see change). Feeds are files that the
// publisher wrote; the path from request to file is kept short.
package web
