package feeds

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"

	gorilla "github.com/gorilla/feeds"
)

// fragment is a post marshalled once for every document that will hold it. The
// content stands apart from the rest, because RSS and Atom share it and a feed
// of excerpts leaves it out.
type fragment struct {
	head  [len(Formats)][]byte // an item up to its content, in the order of Formats
	cdata []byte               // content for RSS and Atom
	json  []byte               // content for JSON, a quoted string
	brief []byte               // the summary for JSON, a quoted string
}

// The parts of an item around its content, in the order of Formats.
func around(f Format, full bool) (before, after string) {
	switch {
	case f == Atom && full:
		return `      <content type="html">`, "</content>\n    </entry>\n"
	case f == Atom:
		return "", "    </entry>\n"
	case f == RSS && full:
		return "      <content:encoded>", "</content:encoded>\n    </item>\n"
	case f == RSS:
		return "", "    </item>\n"
	case full:
		return `,"content_html":`, "}"
	}
	return `,"content_text":`, "}"
}

func (f Format) index() int {
	for i, format := range Formats {
		if f == format {
			return i
		}
	}
	return 0
}

// content is what stands between an item's head and its end.
func (fr *fragment) content(f Format, full bool) []byte {
	switch {
	case f == JSON && full:
		return fr.json
	case f == JSON:
		return fr.brief
	case full:
		return fr.cdata
	}
	return nil
}

func (fr *fragment) size(f Format, full bool) int {
	before, after := around(f, full)
	return len(fr.head[f.index()]) + len(before) + len(fr.content(f, full)) + len(after)
}

func (fr *fragment) appendTo(b []byte, f Format, full bool) []byte {
	before, after := around(f, full)
	b = append(b, fr.head[f.index()]...)
	b = append(b, before...)
	b = append(b, fr.content(f, full)...)
	return append(b, after...)
}

// marshaller writes items. It keeps its buffers between items, and belongs to
// one goroutine.
type marshaller struct {
	buf  bytes.Buffer
	xml  *xml.Encoder
	json *json.Encoder
}

func newMarshaller() *marshaller {
	m := &marshaller{}
	m.xml = xml.NewEncoder(&m.buf)
	m.xml.Indent("    ", "  ")
	m.json = json.NewEncoder(&m.buf)
	m.json.SetEscapeHTML(false)
	return m
}

// fragment marshals an entry in every format.
func (m *marshaller) fragment(e *entry) (*fragment, error) {
	fr := &fragment{cdata: cdata(e.html)}
	var err error
	if fr.head[Atom.index()], err = m.xmlHead(atomEntry(e), "</entry>"); err != nil {
		return nil, err
	}
	if fr.head[RSS.index()], err = m.xmlHead(rssEntry(e), "</item>"); err != nil {
		return nil, err
	}
	if fr.head[JSON.index()], err = m.jsonBytes(jsonEntry(e), "}"); err != nil {
		return nil, err
	}
	if fr.json, err = m.jsonBytes(e.html, ""); err != nil {
		return nil, err
	}
	fr.brief, err = m.jsonBytes(e.summary, "")
	return fr, err
}

// xmlHead marshals an item up to its end tag.
func (m *marshaller) xmlHead(item any, end string) ([]byte, error) {
	m.buf.Reset()
	if err := m.xml.Encode(item); err != nil {
		return nil, err
	}
	b := bytes.TrimLeft(m.buf.Bytes(), "\n") // the encoder goes on from the item before
	return cut(b, end, "    ")
}

func (m *marshaller) jsonBytes(v any, end string) ([]byte, error) {
	m.buf.Reset()
	if err := m.json.Encode(v); err != nil {
		return nil, err
	}
	return cut(bytes.TrimRight(m.buf.Bytes(), "\n"), end, "")
}

// cut returns a copy of b without its end and the indent before that.
func cut(b []byte, end, indent string) ([]byte, error) {
	head, ok := bytes.CutSuffix(b, []byte(end))
	if !ok {
		return nil, fmt.Errorf("marshal: %q does not end with %q", b[max(0, len(b)-40):], end)
	}
	head, _ = bytes.CutSuffix(head, []byte(indent))
	return bytes.Clone(head), nil
}

// frame marshals a document without entries and returns what stands before and
// after them.
func (b *Builder) frame(f *feed, format Format) (before []byte, after string, err error) {
	var buf bytes.Buffer
	if format == JSON {
		encoder := json.NewEncoder(&buf)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(b.jsonFeed(f)); err != nil {
			return nil, "", err
		}
		before, err = cut(bytes.TrimRight(buf.Bytes(), "\n"), "]}", "")
		return before, "\n]}\n", err
	}
	var root gorilla.XmlFeed = b.rssFeed(f)
	end, after := "</channel>\n</rss>", "  </channel>\n</rss>\n"
	if format == Atom {
		root, end, after = b.atomFeed(f), "</feed>", "</feed>\n"
	}
	if err := gorilla.WriteXML(root, &buf); err != nil {
		return nil, "", err
	}
	// WriteXML leaves the root on the declaration's line.
	declaration := []byte(xml.Header)
	body := bytes.TrimPrefix(buf.Bytes(), declaration[:len(declaration)-1])
	before, err = cut(append(declaration, body...), end, "  ")
	return before, after, err
}
