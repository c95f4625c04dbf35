package mailer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/enshi-daily/enshi/templates"
)

// marks stand for the personal addresses while the templates run. They hold a
// digest of the letter, so that no text of a post can be one.
type marks struct{ unsubscribe, preferences, confirm string }

func newMarks(content []byte) marks {
	sum := sha256.Sum256(content)
	base := "https://gap.invalid/" + hex.EncodeToString(sum[:16])
	return marks{base + "/u", base + "/p", base + "/c"}
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

	mail := &rendered{head: appendText(nil, "Subject", m.Subject)}
	mail.head = append(mail.head, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\""+boundary+"\"\r\n"...)
	mail.body = openPart(mail.body, boundary, "text/plain")
	mail.body = appendPart(mail.body, crlf(m.Text), at)
	mail.body = openPart(mail.body, boundary, "text/html")
	mail.body = appendPart(mail.body, crlf(inlined), at)
	mail.body = appendFixed(mail.body, []byte("--"+boundary+"--\r\n"))
	return mail, nil
}

// crlf ends every line in the one way that text in mail knows (RFC 2046 §4.1.1).
func crlf(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.ReplaceAll(s, "\n", "\r\n")
}

func openPart(body []segment, boundary, mediaType string) []segment {
	return appendFixed(body, []byte("--"+boundary+"\r\nContent-Type: "+mediaType+
		"; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"))
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
func appendPart(body []segment, content string, at marks) []segment {
	for {
		before, g, after := cutMark(content, at)
		if g == fixed {
			return append(body, segment{plainText, []byte(content)})
		}
		body = append(body, segment{plainText, []byte(padded(before, g))})
		body = append(body, segment{gap: g})
		content = after
	}
}

// cutMark cuts content around the first mark; fixed if there is none.
func cutMark(content string, at marks) (before string, g gap, after string) {
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
