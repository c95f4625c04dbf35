// Package templates holds the words and the looks of mails and pages.
//
// The files stand in mail/ and web/, are embedded, and may be replaced one by
// one from a directory of the operator's. All are parsed at start, so that a
// mistake stops the program before the first mail and not in the middle of an
// edition. Each template has one typed view struct in this package with plain
// values only; the package imports nothing of ours and knows no rules.
//
// Names: mail/NAME.html with its twin mail/NAME.txt is a mail, web/NAME.html a
// page. A file that starts with an underscore is shared by the others of its
// folder; HTML in it by the HTML alone, text by both. Mails are parsed once a language: a shared file with a
// language before its ending, as in _words.en.html, belongs to that one. Pages
// bring their sentences in their view (Messages).
//
//	web/_frame.html           {{define "frame"}}…{{template "body" .}}…{{end}}
//	web/privacy.html          {{define "body"}}…{{end}}{{template "frame" .}}
//	mail/_words.zh-Hans.txt   {{define "subject"}}…{{end}}
//	mail/digest.txt           {{template "greeting" .}}…
//
// What a template defines is seen by that template alone, so two pages may
// define the same name.
package templates
