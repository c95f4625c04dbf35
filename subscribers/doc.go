// Package subscribers owns the people: their addresses, states and
// preferences, the signed links that let them act, and import and export.
//
// State changes are pure functions from one Subscriber to the next; a store
// keeps the record by compare-and-swap (Registry), so that the rules stand here
// and once. The package never sends anything: a change that owes the person a
// mail hands the store a Notice, which becomes a transactional delivery in the
// same atomic step.
//
// Addresses are personal data: nothing here logs, and errors that may reach a
// log carry the subscriber ID.
package subscribers
