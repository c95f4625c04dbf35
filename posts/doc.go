// Package posts reads the posts of a Jekyll site and says what is published.
//
// It owns what a post is, which files are posts, what they can be followed by
// (Topic), under which identity they go out for ever (Identity), and the
// Catalogue, an immutable index of all that is published at one moment. It
// follows Jekyll 4.3's rules; where it does better on purpose, the comment at
// that place says so.
//
// It stands at the start of the flow: posts → feeds → web and
// posts → digest → delivery → mailer. It imports no other package of ours,
// reads through fs.FS, never logs, and turns every bad post into a Diagnostic,
// so that one bad file never stops another.
package posts
