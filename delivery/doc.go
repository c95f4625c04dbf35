// Package delivery brings every letter to everybody it is for, once.
//
// It owns the ledger's contract (Planning, Queue, Editions, Letters, Pacer),
// the agents that work on it (Intake, Planner, Worker, Sweeper), and the two
// doors to the mail: Renderer, which turns a letter's content into bytes once a
// letter, and Sender, which hands the bytes to a mail server and classifies
// what it said.
//
// One durable state a delivery:
//
//	queued ─lease─► queued, leased ─begin─► sending ─250─► sent
//	  ▲                  │ expired             ├─ 4xx, lost before the final dot ─► retry(at)
//	  ├──────────────────┘                     ├─ address refused ─► rejected
//	  │                                        ├─ given up ─► failed
//	  └──────────── policy resend ──────────── └─ expired, lost after the final dot ─► uncertain
//
// skipped is what a delivery becomes whose subscriber left meanwhile. There is
// no cursor over recipients; a finished edition accounts for everybody:
// planned = sent + rejected + failed + uncertain + skipped.
package delivery
