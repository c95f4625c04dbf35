package mailer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/enshi-daily/enshi/templates"
)

// marks stand for the personal addresses while the templates run. They hold a
// digest of the letter, so that no text of a post can be one.
type marks struct {
	unsubscribe, preferences, confirm string
	trace                             string // by which one that a template changed is known
}

func newMarks(content []byte) marks {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:16])
	base := "https://gap.invalid/" + digest
	return marks{base + "/u", base + "/p", base + "/c", digest[:12]}
}

// bare are the gaps that stand for each mark outside an attribute; the next
// number is the one inside.
func (m marks) bare() map[string]gap {
	return map[string]gap{m.unsubscribe: unsubscribeBare, m.preferences: preferencesBare, m.confirm: confirmBare}
}

// assemble makes a mail of what the templates made: style rules moved into the
// elements, both parts cut at the marks.
func (r *Renderer) assemble(m templates.Mail, at marks) (*rendered, error) {
	inlined, err := r.styles.inline(m.HTML)
	if err != nil {
		return nil, fmt.Errorf("style of the html part: %w", err)
	}
	sum := sha256.Sum256([]byte(m.Text + "\x00" + m.HTML))
	boundary := "=_" + hex.EncodeToString(sum[:12]) // RFC 2045 §6.7: "=_" occurs in no encoded part

	if strings.Contains(m.Subject, at.trace) {
		return nil, errors.New("its subject has a personal link: all recipients have the same one")
	}
	mail := &rendered{head: appendText(nil, "Subject", m.Subject)}
	mail.head = append(mail.head, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\""+boundary+"\"\r\n"...)
	for _, p := range []part{{"text", "text/plain", crlf(m.Text)}, {"html", "text/html", crlf(inlined)}} {
		mail.body = appendFixed(mail.body, []byte("--"+boundary+"\r\nContent-Type: "+p.mediaType+
			"; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"))
		if mail.body, err = appendPart(mail.body, p, at); err != nil {
			return nil, err
		}
	}
	mail.body = appendFixed(mail.body, []byte("--"+boundary+"--\r\n"))
	return mail, nil
}

// part is one of the two ways in which a mail says the same.
type part struct{ name, mediaType, content string }

// crlf ends every line in the one way that text in mail knows (RFC 2046 §4.1.1).
func crlf(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.ReplaceAll(s, "\n", "\r\n")
}

// appendFixed appends ready bytes, to the last segment if that is ready too.
func appendFixed(body []segment, ready []byte) []segment {
	if n := len(body); n > 0 && body[n-1].gap == fixed {
		body[n-1].bytes = append(body[n-1].bytes, ready...)
		return body
	}
	return append(body, segment{bytes: ready})
}

// appendPart appends a part's content with gaps where marks stand.
func appendPart(body []segment, p part, at marks) ([]segment, error) {
	for {
		before, g, after := cutMark(p.content, at)
		if strings.Contains(before, at.trace) || g != fixed && !g.href() && p.name == "html" && inTag(before) {
			return nil, fmt.Errorf("its %s template changes a personal link: it must stand alone, or be a whole href", p.name)
		}
		if g == fixed {
			return append(body, segment{plainText, []byte(before)}), nil
		}
		body = append(body, segment{plainText, []byte(padded(before, g))}, segment{gap: g})
		p.content = after
	}
}

// inTag says whether HTML stops inside a tag. Elsewhere its < and > are escaped.
func inTag(before string) bool {
	return strings.LastIndexByte(before, '<') > strings.LastIndexByte(before, '>')
}

// cutMark cuts content around the first mark; fixed, and all of it before, if
// there is none.
func cutMark(content string, at marks) (before string, g gap, after string) {
	before = content
	first := len(content)
	for mark, bare := range at.bare() {
		i := strings.Index(content, mark)
		if i < 0 || i >= first {
			continue
		}
		first, g = i, bare
		before, after = content[:i], content[i+len(mark):]
	}
	// Spaces inside a quoted address could become part of it: the gap is then
	// the whole attribute.
	if attribute, ok := strings.CutSuffix(before, `href="`); ok && strings.HasPrefix(after, `"`) {
		return attribute, g + 1, after[1:]
	}
	return before, g, after
}

// padded adds the spaces that let the text before a gap end with a whole line:
// inside an element before the attribute, else at the end of the line above.
func padded(before string, g gap) string {
	spaces := strings.Repeat(" ", (lineBytes-len(before)%lineBytes)%lineBytes)
	if line, ok := strings.CutSuffix(before, "\r\n"); ok && !g.href() {
		return line + spaces + "\r\n"
	}
	return before + spaces
}
