package mailer

// Note renders a few words to an operator: plain text, and nothing of a list's
// mail in its headers.
func (r *Renderer) Note(subject, text string) []byte {
	mail := rendered{head: appendText(nil, "Subject", subject)}
	mail.head = append(mail.head, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"...)
	mail.body = []segment{{plainText, []byte(crlf(text))}}
	return mail.encode()
}

// personal says whether a mail has gaps for its recipient. A letter and a notice
// have; what has none goes to nobody on the list.
func (r *rendered) personal() bool {
	for _, s := range r.body {
		if s.gap != fixed && s.gap != plainText {
			return true
		}
	}
	return false
}
