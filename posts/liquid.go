package posts

import (
	"bytes"
	"fmt"
	"strings"
)

// Jekyll runs Liquid over a body before anything else. We have no Liquid
// engine: raw and comment are honoured, the few expressions that addresses are
// written with are filled in, and everything else is taken out and reported,
// because readers must never see a template.

// liquid is one pass over a body.
type liquid struct {
	site   Site
	src    []byte
	out    []byte
	at     int // everything before it is done
	report func(line int, message string)
}

// renderLiquid returns body without Liquid. It calls report for each tag that
// was taken out unread, with its line from 1.
func renderLiquid(body []byte, site Site, report func(line int, message string)) []byte {
	if !bytes.Contains(body, []byte("{{")) && !bytes.Contains(body, []byte("{%")) {
		return body
	}
	l := &liquid{site: site, src: body, out: make([]byte, 0, len(body)), report: report}
	for {
		next := bytes.IndexByte(l.src[l.at:], '{')
		if next < 0 || l.at+next+1 >= len(l.src) {
			return append(l.out, l.src[l.at:]...)
		}
		l.out = append(l.out, l.src[l.at:l.at+next]...)
		l.at += next
		switch l.src[l.at+1] {
		case '{':
			l.expression()
		case '%':
			l.tag()
		default:
			l.out = append(l.out, '{')
			l.at++
		}
	}
}

// inside returns what stands between the opening at l.at and closing, and
// moves behind it. White space is trimmed where a dash asks for it.
func (l *liquid) inside(closing string) (content string, ok bool) {
	end := bytes.Index(l.src[l.at+2:], []byte(closing))
	if end < 0 {
		l.warn("the Liquid tag that starts here is never closed: close it, or put it between {% raw %} and {% endraw %}")
		l.at += 2
		return "", false
	}
	content = string(l.src[l.at+2 : l.at+2+end])
	l.at += 2 + end + len(closing)
	if rest, dash := strings.CutPrefix(content, "-"); dash {
		content, l.out = rest, bytes.TrimRight(l.out, asciiSpace)
	}
	if rest, dash := strings.CutSuffix(content, "-"); dash {
		content = rest
		for l.at < len(l.src) && strings.IndexByte(asciiSpace, l.src[l.at]) >= 0 {
			l.at++
		}
	}
	return strings.TrimSpace(content), true
}

func (l *liquid) warn(message string) {
	l.report(1+bytes.Count(l.src[:l.at], []byte("\n")), message)
}

func (l *liquid) expression() {
	start := l.at
	content, ok := l.inside("}}")
	if !ok {
		return
	}
	value, known := l.value(content)
	if !known {
		end := l.at
		l.at = start
		l.warn(fmt.Sprintf("Liquid expression {{ %s }} was left out of the feed: write its value, or put it between {%% raw %%} and {%% endraw %%}", content))
		l.at = end
	}
	l.out = append(l.out, value...)
}

// value evaluates site.url, site.baseurl or a quoted path, with the filters
// that make an address of it.
func (l *liquid) value(content string) (value string, known bool) {
	parts := strings.Split(content, "|")
	first := strings.TrimSpace(parts[0])
	if value, known = l.variable(first); !known {
		return "", false
	}
	for _, filter := range parts[1:] {
		name, argument, _ := strings.Cut(strings.TrimSpace(filter), ":")
		switch argument, known = l.variable(strings.TrimSpace(argument)); {
		case name == "relative_url":
			value = l.site.BaseURL + leadingSlash(value)
		case name == "absolute_url":
			value = l.site.Absolute(value)
		case name == "prepend" && known:
			value = argument + value
		default:
			return "", false
		}
	}
	return value, true
}

func (l *liquid) variable(name string) (value string, known bool) {
	switch {
	case name == "site.url":
		return l.site.URL, true
	case name == "site.baseurl":
		return l.site.BaseURL, true
	case len(name) >= 2 && (name[0] == '"' || name[0] == '\'') && name[len(name)-1] == name[0]:
		return name[1 : len(name)-1], true
	}
	return "", false
}

func leadingSlash(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return "/" + path
}

func (l *liquid) tag() {
	start := l.at
	content, ok := l.inside("%}")
	if !ok {
		return
	}
	switch name, _, _ := strings.Cut(content, " "); name {
	case "raw":
		l.out = append(l.out, l.until("endraw")...)
	case "comment":
		l.until("endcomment")
	default:
		end := l.at
		l.at = start
		l.warn(fmt.Sprintf("Liquid tag {%% %s %%} was left out of the feed: write what it stands for, or put it between {%% raw %%} and {%% endraw %%}", content))
		l.at = end
	}
}

// until returns the text up to the tag called name and moves behind it; all the
// rest if there is none.
func (l *liquid) until(name string) []byte {
	start := l.at
	for at := start; ; {
		open := bytes.Index(l.src[at:], []byte("{%"))
		if open < 0 {
			l.warn("no {% " + name + " %} follows: add it")
			l.at = len(l.src)
			return l.src[start:]
		}
		open += at
		closing := bytes.Index(l.src[open:], []byte("%}"))
		if closing >= 0 && strings.Trim(string(l.src[open+2:open+closing]), "- \t\r\n") == name {
			l.at = open + closing + 2
			return l.src[start:open]
		}
		at = open + 2
	}
}
