// Package feeds turns a catalogue into documents: RSS 2.0, Atom 1.0 and JSON
// Feed 1.1 for the site, every category and every tag, and an OPML list of
// them (Builder). It also keeps them in a directory and finds them again by
// path (Publisher).
//
// It builds bytes and owns their addresses; it answers no request and sends
// nothing. The same posts give the same bytes, ETags and dates, whenever and
// wherever they are built. A post has one id in every feed that holds it, as
// RFC 4287 wants it; readers that key on the id alone show it in one of them.
//
// It stands between posts and web, and is the only door to gorilla/feeds. Where
// gorilla's types are too poor for the W3C feed validator, ours embed and
// shadow them; feeds/lint holds the rules that every document of the tests has
// to pass.
package feeds
