package templates

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

//go:embed web/*.json web/*.css web/*.js web/*.svg
var webFiles embed.FS

// WebFiles are the files of the pages that are no templates: style sheet,
// script, icon, sentences; those of override in place of ours; nil for none.
func WebFiles(override fs.FS) fs.FS { return layers{override, webFiles} }

// MessagesFile is where the sentences of the web pages stand, by key and
// language.
const MessagesFile = "web/messages.json"

// Messages are the sentences of one language, by key.
type Messages map[string]string

// Fill is the sentence of a key with values in place of its {names}, given as
// name, value, name, value.
func (m Messages) Fill(key string, pairs ...any) (string, error) {
	sentence, ok := m[key]
	if !ok || len(pairs)%2 != 0 {
		return "", fmt.Errorf("message %q: no such sentence, or a name without a value", key)
	}
	for i := 0; i < len(pairs); i += 2 {
		sentence = strings.ReplaceAll(sentence, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return sentence, nil
}

// ReadMessages reads the table of sentences, by language; those that a replaced
// table lacks are ours. Every key must have every language that any key has: a
// page never mixes languages by accident.
func ReadMessages(fsys fs.FS) (map[string]Messages, error) {
	var table map[string]Messages
	for _, tree := range []fs.FS{webFiles, fsys} {
		data, err := fs.ReadFile(tree, MessagesFile)
		if err != nil {
			return nil, fmt.Errorf("messages: %w", err)
		}
		if err := json.Unmarshal(data, &table); err != nil {
			return nil, fmt.Errorf("%s: %w", MessagesFile, err)
		}
	}
	byLanguage := make(map[string]Messages)
	for key, sentences := range table {
		for language, sentence := range sentences {
			if byLanguage[language] == nil {
				byLanguage[language] = make(Messages, len(table))
			}
			byLanguage[language][key] = sentence
		}
	}
	for language, messages := range byLanguage {
		for _, key := range slices.Sorted(maps.Keys(table)) {
			if messages[key] == "" {
				return nil, fmt.Errorf("%s: %q has no sentence in %s", MessagesFile, key, language)
			}
		}
	}
	return byLanguage, nil
}

// Frame is what every page shows around its own content.
type Frame struct {
	Text       Messages // the page's language
	Language   string   // BCP 47
	Base       string   // path before every address of ours, "" or "/path"
	Style      string   // address of the style sheet
	Script     string   // address of the script
	Icon       string   // address of the icon
	Site       string   // title of the site
	SiteURL    string   // where the articles are
	Title      string   // of the page, "" on the start page
	NoIndex    bool     // tells search engines to pass by
	Alternates []FeedLine
	Languages  []Choice // the page in its languages; none where the person's language decides
	Service    Service  // pages that only a running server has
	Note       string   // a word of the operator, shown below every page; usually ""
}

// Service are the addresses of pages that only a running server has, "" where
// there is none.
type Service struct {
	Subscribe, Editions, Privacy, Status string
}

// FeedLine is one feed as a page offers it.
type FeedLine struct {
	Label     string // "RSS", "Atom", "JSON"
	Title     string
	MediaType string // without parameters
	URL       string // absolute: people copy it
	ID        string // of the element, unique on the page
}

// PostLine is one post in a list.
type PostLine struct {
	Title     string
	URL       string
	Date      string // as people read it
	Stamp     string // as machines do (RFC 3339)
	Summary   string
	Source    string
	Note      string // a correction
	Withdrawn bool
}

// TopicLine is one topic in a list.
type TopicLine struct {
	Name  string
	Page  string
	Posts int
	Feeds []FeedLine
}

// Choice is one of several possibilities.
type Choice struct {
	ID      string // of the element
	Value   string // what a form sends; an address for a link
	Label   string
	Hint    string
	Chosen  bool
	Posts   int
	Foreign string // BCP 47 of Label if it is not the page's
}

// FormView is the form for topics, cadence and language; with an address field
// where somebody signs up.
type FormView struct {
	Text       Messages
	Action     string
	Button     string
	Sign       bool   // sign-up: with address and trap
	Address    string // as typed, after an error
	Everything bool
	Categories []Choice
	Tags       []Choice // the most used
	MoreTags   []Choice // the rest, folded
	Cadences   []Choice
	Languages  []Choice
	Errors     FormErrors
}

// FormErrors say what is wrong with a field, "" if it is right.
type FormErrors struct {
	Address, Topics, Choice string
}

// Any says whether anything is wrong.
func (e FormErrors) Any() bool { return e != FormErrors{} }

// HomeView is the start page.
type HomeView struct {
	Frame
	Description string
	Feeds       []FeedLine
	Categories  []TopicLine
	Tags        []TopicLine // the most used
	MoreTags    []TopicLine
	Posts       []PostLine
	Form        FormView
	SignUp      string // address of the form where it is not on the page; "" for none
}

// TopicView is the page of one topic.
type TopicView struct {
	Frame
	Name    string
	Kind    string // "category" or "tag"
	Summary string // how many posts
	Feeds   []FeedLine
	Posts   []PostLine
	Form    FormView
	SignUp  string // as in HomeView
}

// SubscribeView is the sign-up form on a page of its own.
type SubscribeView struct {
	Frame
	Form FormView
}

// PreferencesView is somebody's own topics and rhythm.
type PreferencesView struct {
	Frame
	Saved       bool
	Form        FormView
	Unsubscribe string
	Feeds       []FeedLine // the own topics as feeds; none where there are none
	Renew       string     // the name of the button for new private addresses
}

// NoticeView is a page that says one thing and offers at most one button:
// "check your mail", the results of links, errors.
type NoticeView struct {
	Frame
	Tone   string // "done", "ask" or "sorry": how it looks
	Words  []string
	Facts  []Fact
	Button *Button
	Links  []Choice
}

// Fact is a label and what it stands for.
type Fact struct {
	Label string
	Value string
}

// Button is a form of nothing but a button.
type Button struct {
	Action string
	Label  string
	Quiet  bool // not what most people came for
}

// EditionsView lists the letters that everybody may read.
type EditionsView struct {
	Frame
	Editions []EditionLine
}

// EditionLine is one letter in the list.
type EditionLine struct {
	Title string
	URL   string
	Date  string
	Stamp string
	Posts string // how many
}

// LetterView is one letter as a page.
type LetterView struct {
	Frame
	Date        string
	Summary     string
	Posts       []PostLine
	Corrections []PostLine
}

// PrivacyView says what is kept of people.
type PrivacyView struct {
	Frame
	Words []string
}

// StatusView are a few figures.
type StatusView struct {
	Frame
	Groups []FactGroup
}

// FactGroup is a headed list of facts.
type FactGroup struct {
	Title string
	Facts []Fact
}
