// Package faults holds the tests that break the real program on purpose: a
// process killed by SIGKILL at each step that lasts and at any moment, stopped
// and woken again, a store that dies, is cut off or full, a relay that answers
// with everything it can. After each of them the ledger accounts for everybody,
// the mail server has the mails that count as sent, and no copy of any that was
// never in doubt.
//
// The program is built with the tag failpoints; cmd/enshi/failpoints.go names
// its points. TestSoak kills at random moments, with KILLS and PEOPLE for as long
// as one likes.
package faults
