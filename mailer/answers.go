package mailer

import (
	"regexp"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
)

// The provider groups whose answers have a meaning of their own, as the
// configuration names them.
const (
	QQ      delivery.Group = "qq"
	NetEase delivery.Group = "netease"
	Gmail   delivery.Group = "gmail"
	Outlook delivery.Group = "outlook"
	Yahoo   delivery.Group = "yahoo"
)

// Answer is what one answer of a server means. The first of Answers that fits
// decides; the code alone decides if none does.
type Answer struct {
	Group   delivery.Group // only at these mailboxes; "" for everywhere
	Code    int            // reply code; 4 or 5 for all that begin with it, 0 for any
	Status  string         // enhanced status code (RFC 3463), or its beginning up to a dot; "" for any
	Text    string         // a regular expression, case ignored; "" for any
	Class   delivery.Class
	Meaning string // for operators
}

// anyPolicy begins the status of every refusal by a rule (RFC 3463 §3.8).
const anyPolicy = "5.7."

// Answers returns the table that answers are read by, in the order in which it
// is consulted. It holds for the answer to RCPT, to the final dot, and for the
// Diagnostic-Code of a bounce.
func Answers() []Answer {
	const (
		bad   = delivery.BadAddress
		later = delivery.Temporary
		ours  = delivery.OurFault
	)
	return []Answer{
		// Providers that use 5xx for what passes.
		{QQ, 5, "", `frequency limited`, later, "too many at once: the provider's limit for our domain, address or connection"},
		{QQ, 5, "", `mailbox unavailable or access denied`, later, "that reader gets too much mail at the moment"},
		{QQ, 5, "", `mailbox not found|user (is )?not found`, bad, "no such mailbox"},
		{QQ, 5, "", `content rejected|suspected (spam|bounce)|mail is rejected by recipients`, ours, "the letter looks like spam to the provider"},
		{NetEase, 0, "", `\bHL:(REP|ICC|IFC|MEP)\b`, later, "too many connections or messages from our address"},
		{NetEase, 0, "", `\b(MI:DMC|RP:DRC|MI:SFQ|MI:CEL)\b`, later, "too many in one connection or at once"},
		{NetEase, 0, "", `\bDT:SPM\b`, later, "the letter looks like spam to the provider; a few tries are worth it"},
		{NetEase, 0, "", `\bDT:RBL\b`, ours, "our address is on a block list"},
		{NetEase, 5, "", `\b(RP:NRC|RP:UNK)\b|user not found|mailbox not found`, bad, "no such mailbox"},
		{Outlook, 5, "5.7.515", "", ours, "SPF, DKIM or DMARC of our domain is missing"},
		{Outlook, 5, "", `\bS3(140|150)\b|block list`, ours, "our address is on the provider's block list"},
		{Gmail, 5, "5.7.26", "", ours, "SPF or DKIM of our domain is missing"},
		{Gmail, 0, "4.7.28", "", later, "too many at once from our address or domain"},
		{Yahoo, 5, "", `\[?(TS|TSS)0\d\]?`, later, "the provider defers mail from our address"},

		// Everywhere. First what is ours, whatever the code says.
		{"", 5, "", `relay(ing)? (access )?(is )?(denied|not (permitted|allowed))|not permitted to relay|authentication (is )?required`, ours,
			"the relay does not take mail from us: log in, or let it know this machine"},
		{"", 530, "", "", ours, "the relay wants a login or TLS"},
		{"", 535, "", "", ours, "user or password is wrong"},
		{"", 538, "", "", ours, "the relay wants TLS before a login"},
		{"", 503, "", "", later, "a confused dialogue: never the reader's fault"},
		{"", 5, "5.5.", "", later, "a confused dialogue: never the reader's fault"},
		{"", 5, "5.3.4", "", ours, "the letter is larger than the relay takes"},
		// Mailboxes that are full or closed for now.
		{"", 5, "5.2.2", "", later, "the mailbox is full"},
		{"", 552, "", "", later, "the mailbox is full"},
		{"", 5, "", `(mailbox|quota).*(full|exceeded)|over ?quota`, later, "the mailbox is full"},
		// Addresses that are dead.
		{"", 5, "5.1.1", "", bad, "no such mailbox"},
		{"", 5, "5.1.3", "", bad, "the address is malformed"},
		{"", 5, "5.1.6", "", bad, "the mailbox has moved"},
		{"", 5, "5.1.10", "", bad, "the domain takes no mail"},
		{"", 5, "5.2.1", "", bad, "the mailbox is switched off"},
		// A rule's word on a recipient says nothing of the reader.
		{"", 5, anyPolicy, "", later, "refused by a rule of the provider's"},
		{"", 550, "", `(no such|unknown|invalid) (user|recipient|mailbox|address|account|local part)|(user|recipient|mailbox|address|account)\b.{0,40}\b` +
			`(unknown|not found|does ?n[o']t exist|invalid|disabled)|no mailbox here`, bad, "no such mailbox"},
	}
}

// interpreter is Answers, ready to be asked.
type interpreter struct {
	answers []Answer
	texts   []*regexp.Regexp
}

func newInterpreter() *interpreter {
	r := &interpreter{answers: Answers()}
	for _, a := range r.answers {
		r.texts = append(r.texts, regexp.MustCompile(`(?i)`+a.Text))
	}
	return r
}

// read finds the row that an answer fits; false if there is none.
func (r *interpreter) read(g delivery.Group, code int, text string) (Answer, bool) {
	status := enhancedStatus(code, text)
	for i, a := range r.answers {
		if (a.Group == "" || a.Group == g) && a.hasCode(code) && a.hasStatus(status) && r.texts[i].MatchString(text) {
			return a, true
		}
	}
	return Answer{}, false
}

func (a *Answer) hasCode(code int) bool {
	return a.Code == 0 || a.Code == code || a.Code < 10 && a.Code == code/100
}

func (a *Answer) hasStatus(status string) bool {
	return a.Status == "" || a.Status == status || strings.HasSuffix(a.Status, ".") && strings.HasPrefix(status, a.Status)
}

// enhancedStatus is the enhanced status code that a reply's text begins with
// (RFC 2034 §4), "" if it has none of the reply code's class.
func enhancedStatus(code int, text string) string {
	word, _, _ := strings.Cut(text, " ")
	word, _, _ = strings.Cut(word, "\n")
	parts := strings.Split(strings.TrimPrefix(word, "#"), ".")
	if len(parts) != 3 || parts[0] != string(rune('0'+code/100)) {
		return ""
	}
	for _, p := range parts {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return strings.Join(parts, ".")
}

// ReadAnswer says what a server's answer to an address of a group means, also
// one that a bounce reports; Temporary if the table does not say.
func ReadAnswer(g delivery.Group, code int, text string) delivery.Class {
	if a, ok := newInterpreter().read(g, code, text); ok {
		return a.Class
	}
	return delivery.Temporary
}
