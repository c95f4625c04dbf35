package posts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"golang.org/x/net/html"
)

// ErrChanged says that a post's file is no longer the one that was scanned:
// scan again.
var ErrChanged = errors.New("the file changed since it was scanned")

// BodiesOptions say where bodies are and how they are read.
type BodiesOptions struct {
	FS      fs.FS // the site's root
	Site    Site
	House   House
	Summary int // the longest summary, in characters as people count them; 0 for 120
}

// Bodies renders the bodies of posts when a document needs them. It keeps
// nothing of them, and is safe for concurrent use.
type Bodies struct {
	fs       fs.FS
	site     Site
	house    House
	summary  int
	markdown goldmark.Markdown
	policy   *bluemonday.Policy
	plain    *bluemonday.Policy // lets nothing but text through
}

// NewBodies prepares what every body is rendered with.
func NewBodies(o BodiesOptions) *Bodies {
	if o.Summary <= 0 {
		o.Summary = 120
	}
	if len(o.Site.MarkdownExt) == 0 {
		o.Site.MarkdownExt = []string{"markdown", "mkdown", "mkdn", "mkd", "md"} // Jekyll's default
	}
	return &Bodies{fs: o.FS, site: o.Site, house: o.House, summary: o.Summary, markdown: newMarkdown(), policy: newPolicy(), plain: bluemonday.NewPolicy()}
}

// Content reads a post's file again and renders its body. It fails with
// ErrChanged if the file is no longer the one that p was made of. A withdrawn
// post has no content. What was corrected is not in it: each place that shows a
// post says that in its own words.
func (b *Bodies) Content(p *Post) (Content, error) {
	if p.Withdrawn {
		return Content{}, nil
	}
	source, err := fs.ReadFile(b.fs, p.Path)
	if err != nil {
		return Content{}, fmt.Errorf("read body: %w", err)
	}
	if fingerprint(source) != p.Hash {
		return Content{}, fmt.Errorf("%s: %w", p.Path, ErrChanged)
	}
	var c Content
	root, err := b.tree(p, source, &c.Diagnostics)
	if err != nil {
		return Content{}, fmt.Errorf("%s: %w", p.Path, err)
	}
	w := &writer{resolver: newResolver(b.site, p.URL)}
	w.out.Grow(len(source))
	w.children(root)
	c.HTML = strings.TrimSpace(sanitise(b.policy, w.out.Bytes()))
	c.Image = w.image
	if address, ok := w.media(p.Image); ok {
		c.Image = address
	}
	if c.Summary = legible(p.Summary); c.Summary == "" {
		c.Summary = b.house.excerpt(root, b.summary)
	}
	return c, nil
}

// tree is a post's body, parsed.
func (b *Bodies) tree(p *Post, source []byte, diagnostics *[]Diagnostic) (*html.Node, error) {
	body, err := b.body(p, source, diagnostics)
	if err != nil {
		return nil, err
	}
	root, err := parse(body)
	if err == nil {
		return root, nil
	}
	*diagnostics = append(*diagnostics, Diagnostic{Path: p.Path, Severity: Warning,
		Message: fmt.Sprintf("%v: the text goes into the feed without its markup; nest it less", err)})
	return parse(b.plain.SanitizeBytes(body))
}

// body is a post's body as HTML: Liquid first, as Jekyll does, then the house's
// furniture off, then Markdown if the file is written in it.
func (b *Bodies) body(p *Post, source []byte, diagnostics *[]Diagnostic) ([]byte, error) {
	front, body, firstLine, _ := splitSource(source)
	if bytes.IndexByte(body, '\r') >= 0 {
		body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	}
	if rendersLiquid(front) {
		body = renderLiquid(body, b.site, func(line int, message string) {
			*diagnostics = append(*diagnostics, Diagnostic{Path: p.Path, Line: firstLine + line - 1, Severity: Warning, Message: message})
		})
	}
	body = b.house.Read(body).Text
	pure := true
	if b.site.IsMarkdown(p.Path) {
		body, pure = separateHTML(body)
	}
	if pure {
		return escapeAutolinks(body), nil
	}
	var out bytes.Buffer
	out.Grow(len(body) + len(body)/4)
	if err := b.markdown.Convert(body, &out); err != nil {
		return nil, fmt.Errorf("convert markdown: %w", err)
	}
	return out.Bytes(), nil
}

// rendersLiquid reads render_with_liquid out of front matter.
func rendersLiquid(front []byte) bool {
	const key = "render_with_liquid:"
	at := bytes.Index(front, []byte(key))
	return at < 0 || at > 0 && front[at-1] != '\n' || !bytes.HasPrefix(bytes.TrimLeft(front[at+len(key):], " "), []byte("false"))
}

// escapeAutolinks keeps <http://…> in raw HTML visible, which a parser takes for
// an element of that name.
func escapeAutolinks(body []byte) []byte {
	if !bytes.Contains(body, []byte("<http")) {
		return body
	}
	body = bytes.ReplaceAll(body, []byte("<http://"), []byte("&lt;http://"))
	return bytes.ReplaceAll(body, []byte("<https://"), []byte("&lt;https://"))
}

// fingerprint recognises bytes: of a file in Post.Hash, of a text in Post.Body.
// Nobody gains by making two texts that look alike here: whoever can write one can
// copy the other. So it need not be cryptographic, which took a tenth of reading.
func fingerprint(b []byte) (sum [16]byte) {
	for seed := range uint64(2) {
		var d xxhash.Digest
		d.ResetWithSeed(seed)
		_, _ = d.Write(b) // never fails
		binary.BigEndian.PutUint64(sum[8*seed:], d.Sum64())
	}
	return sum
}
