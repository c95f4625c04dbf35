package mailer

import (
	"regexp"
	"strings"
	"time"

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
	// Pause is for how long the provider is left alone the first time it says
	// so; 0 where the answer asks for nothing like that.
	Pause time.Duration
}

// tooMany is what the answers mean that complain of one connection: the next one
// takes the letter.
const tooMany = "too many in one connection"

// anyPolicy begins the status of every refusal by a rule (RFC 3463 §3.8).
const anyPolicy = "5.7."

// Answers returns the table that answers are read by, in the order in which it
// is consulted. It holds for the answer to RCPT, to the final dot, and for the
// Diagnostic-Code of a bounce.
func Answers() []Answer { return append(answersOfProviders(), answersOfAll()...) }

// The classes, as the tables have them.
const (
	bad   = delivery.BadAddress
	later = delivery.Temporary
	ours  = delivery.OurFault
)

// answersOfProviders are those that use 5xx for what passes, and what they say to
// who sends too much.
func answersOfProviders() []Answer {
	return []Answer{
		{QQ, 5, "", `frequency limited`, later, "too many at once: the provider's limit for our domain, address or connection", 10 * time.Minute},
		{QQ, 5, "", `mailbox unavailable or access denied`, later, "that reader gets too much mail at the moment", 0},
		{QQ, 5, "", `mailbox not found|user (is )?not found`, bad, "no such mailbox", 0},
		{QQ, 5, "", `mail is rejected by recipients`, later, "that reader's own list or filter refuses the letter", 0},
		{QQ, 5, "", `(SPF|DKIM|DMARC) check failed`, later, "SPF, DKIM or DMARC of our domain is missing", time.Hour},
		{QQ, 5, "", `content (rejected|denied)|suspected (spam|bounce)`, ours, "the letter looks like spam to the provider", 0},
		{NetEase, 0, "", `\bHL:(REP|ICC|IFC|MEP|IHU)\b`, later, "too many connections or messages from our address", 15 * time.Minute},
		{NetEase, 0, "", `\b(MI:DMC|RP:DRC)\b`, later, tooMany, 0},
		{NetEase, 0, "", `\b(MI:SFQ|RP:QRC)\b`, later, "too many from this sender in 15 minutes", 15 * time.Minute},
		{NetEase, 0, "", `\b(MI:STC|RP:TRC)\b`, later, "too many from this sender today", time.Hour},
		{NetEase, 0, "", `\b(HL:IPB|MI:SPB|WM:BLI|WM:BLU)\b|in blacklist`, later, "our address or sender is on its list of those that may not", time.Hour},
		{NetEase, 0, "", `\b(MI:SPF|MI:DMA|DT:SUM)\b`, later, "SPF or DMARC of our domain, or a return path at another domain", time.Hour},
		{NetEase, 0, "", `\bMI:CEL\b`, later, "too many wrong commands in one connection", 0},
		{NetEase, 0, "", `\bDT:SPM\b`, later, "the letter looks like spam to the provider; a few tries are worth it", 0},
		{NetEase, 0, "", `\bDT:RBL\b`, later, "our address is on a block list", time.Hour},
		{NetEase, 5, "", `\b(RP:NRC|RP:UNK)\b|user not found|mailbox not found`, bad, "no such mailbox", 0},
		{Outlook, 5, "", `^5\.7\.(509|515)\b`, later, "SPF, DKIM or DMARC of our domain is missing", time.Hour},
		{Outlook, 5, "", `\bS3(140|150)\b|block list|^5\.7\.(511|6\d\d|708)\b`, later, "our address is on the provider's block list", time.Hour},
		{Outlook, 4, "", `rate limited|exceeded the (rate|connection) limit|\bRP-00[123]\b`, later, "too many at once from our address", 10 * time.Minute},
		{Gmail, 5, "", `^5\.7\.(25|26|27|29|30|32|40)\b`, later, "SPF, DKIM, DMARC, TLS or the name of our address is missing", time.Hour},
		{Gmail, 0, "", `^[45]\.7\.28\b`, later, "too many at once from our address or domain", 10 * time.Minute},
		{Gmail, 4, "4.7.0", `unusual rate`, later, "too many at once from our address", 10 * time.Minute},
		{Gmail, 5, "5.2.1", `receiving e?-?mail at a rate`, later, "that reader gets too much mail at the moment", 0},
		{Yahoo, 5, "", `doesn'?t have a \S* ?account|(account|mailbox) (has been|is) disabled`, bad, "no such mailbox", 0},
		{Yahoo, 0, "", `\[?(TS|TSS)0\d\]?`, later, "the provider defers mail from our address", 15 * time.Minute},
	}
}

// answersOfAll are what answers mean everywhere.
func answersOfAll() []Answer {
	return []Answer{
		// First what is ours, whatever the code says.
		{"", 5, "", `relay(ing)? (access )?(is )?(denied|not (permitted|allowed))|not permitted to relay|authentication (is )?required`, ours,
			"the relay does not take mail from us: log in, or let it know this machine", 0},
		{"", 530, "", "", ours, "the relay wants a login or TLS", 0},
		{"", 535, "", "", ours, "user or password is wrong", 0},
		{"", 538, "", "", ours, "the relay wants TLS before a login", 0},
		{"", 503, "", "", later, "a confused dialogue: never the reader's fault", 0},
		{"", 5, "5.5.", "", later, "a confused dialogue: never the reader's fault", 0},
		{"", 5, "5.3.4", "", ours, "the letter is larger than the relay takes", 0},
		{"", 552, "", `fixed maximum message size|message (is )?too (large|big|long)|mailsize limit`, ours, "the letter is larger than the relay takes", 0},
		{"", 559, "", `invalid rcptto`, later, "Alibaba's relay has it on its list of addresses that were dead before", 0},
		// A code that says never with a status that says not now.
		{"", 5, "4.", "", later, "the answer contradicts itself", 0},
		// Mailboxes that are full or closed for now.
		{"", 5, "5.2.2", "", later, "the mailbox is full", 0},
		{"", 552, "", "", later, "the mailbox is full", 0},
		{"", 5, "", `(mailbox|quota).*(full|exceeded)|over ?quota`, later, "the mailbox is full", 0},
		// Addresses that are dead.
		{"", 5, "5.1.1", "", bad, "no such mailbox", 0},
		{"", 5, "5.1.3", "", bad, "the address is malformed", 0},
		{"", 5, "5.1.6", "", bad, "the mailbox has moved", 0},
		{"", 5, "5.1.10", "", bad, "the domain takes no mail", 0},
		{"", 5, "5.2.1", "", bad, "the mailbox is switched off", 0},
		// A rule's word on a recipient says nothing of the reader.
		{"", 5, anyPolicy, "", later, "refused by a rule of the provider's", 0},
		{"", 550, "", `(no such|unknown|invalid) (user|recipient|mailbox|address|account|local part)|(user|recipient|mailbox|address|account)\b.{0,40}\b` +
			`(unknown|not found|does ?n[o']t exist|invalid|disabled)|no mailbox here`, bad, "no such mailbox", 0},
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
	status := enhancedStatus(text)
	// A server folds its words anywhere, and may say the status on each line.
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\n"+status+" ", " "), "\n", " ")
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

// enhancedStatus is the enhanced status code of a refusal that a reply's text
// begins with (RFC 2034 §4), "" if it has none.
func enhancedStatus(text string) string {
	word, _, _ := strings.Cut(text, " ")
	word, _, _ = strings.Cut(word, "\n")
	parts := strings.Split(strings.TrimPrefix(word, "#"), ".")
	if len(parts) != 3 || parts[0] != "4" && parts[0] != "5" {
		return ""
	}
	for _, p := range parts {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return strings.Join(parts, ".")
}
