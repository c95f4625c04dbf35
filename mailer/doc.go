// Package mailer turns letters into mail and hands it over.
//
// Renderer makes the bytes of a letter once: subject and both parts, encoded,
// with gaps for the few links that differ between people. Composer puts headers
// before them and links into the gaps, a few microseconds a recipient. SMTP and
// Maildir are the two doors (delivery.Sender). One function, classify, decides
// what an answer means; the table of what providers mean by their answers is
// data (Answers).
//
// It stands at the end of the flow posts → digest → delivery → mailer, is the
// only user of go-mail, never logs, and lets no subscriber's address into an
// outcome.
package mailer
