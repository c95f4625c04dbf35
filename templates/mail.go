package templates

import "time"

// MailFrame is what every mail shows around its own content.
type MailFrame struct {
	Language     string // BCP 47
	Site         string // title of the site
	SiteLanguage string // of its articles
	SiteLink     string // where the articles are
	Public       string // address of our pages, without a trailing slash
}

// DigestView is a letter with posts.
type DigestView struct {
	MailFrame
	Prefix      string    // the law's word before the subject, "" for none
	Cadence     string    // "instant", "daily" or "weekly"
	Date        time.Time // day of the edition, in the site's zone
	Total       int       // posts in the letter, shown or only counted
	Posts       []PostView
	More        int // posts only counted
	Corrections []CorrectionView
	Page        string // address of the letter's public page
	Feed        string // address of the site's feed
	Preferences string // personal
	Unsubscribe string // personal
}

// PostView is one post of a letter.
type PostView struct {
	Title    string
	Link     string
	Category string // "" for none
	Date     time.Time
	Authors  []string
	Source   string // "" for none
	Summary  string // "" for none
	// Correction is what was corrected since it was published, "" for nothing.
	Correction string
}

// CorrectionView is one corrected post of an earlier letter.
type CorrectionView struct {
	Title string
	Link  string
	Date  time.Time // of the post
	Text  string
}

// ConfirmView asks to confirm a sign-up. It has no field for anything that the
// visitor typed.
type ConfirmView struct {
	MailFrame
	Confirm string // personal
	Days    int    // how long the link lives
}

// AlreadyView tells somebody that the address is subscribed already.
type AlreadyView struct {
	MailFrame
	Preferences string // personal
	Unsubscribe string // personal
}
