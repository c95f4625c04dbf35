// Package feeds turns a catalogue into documents: RSS 2.0, Atom 1.0 and JSON
// Feed 1.1 for the site, every category and every tag, and an OPML list of
// them. It also writes them to a directory (Publisher) and finds them again by
// address (Published).
//
// It builds bytes and owns their addresses; it answers no request and sends
// nothing. The same posts give the same bytes, ETags and dates, whenever and
// wherever they are built.
//
// It stands between posts and web, and is the only door to gorilla/feeds.
package feeds
