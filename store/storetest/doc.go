// Package storetest is the contracts of a store as tests: every sentence of the
// interface comments in posts, digest, subscribers and delivery is a subtest,
// and each store runs all of them (Run). It knows no store and no database.
//
// What the comments leave open and every store does alike:
//
//   - Notices wait in the group "": a store knows no provider groups.
//   - The stand-ins delivery.EditionConfirm and EditionAlready name no edition, but
//     can be paused and resumed, and their deliveries are counted and listed.
//   - Plan into an edition that was finished takes it back to StageSending.
//   - A notice asked for while its predecessor is being sent is a new one: what
//     becomes of the predecessor is forgotten.
//   - A leased Retry is Queued, so that an expired lease puts it back in line.
//   - Turn changes nothing of a delivery that is gone.
package storetest
