package feeds

import (
	"context"
	"fmt"
	"iter"

	"github.com/enshi-daily/enshi/posts"
)

// Documents builds every live document of a catalogue, one at a time: the
// site's feeds, the list of all feeds, then each topic's in canonical order. A
// known topic that has no posts any more gets valid feeds without entries.
//
// A post is rendered and marshalled once a run and forgotten after the last
// document that holds it, so that memory does not grow with the archive. A post
// that cannot be rendered is left out of this run and reported. A document that
// cannot be built comes with an error and its path; the others still come. Only
// a cancelled ctx ends the run early, with its error and an empty Document.
func (b *Builder) Documents(ctx context.Context, c *posts.Catalogue, known ...posts.Topic) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		r := b.newRun(c, known)
		for _, t := range r.topics {
			for _, doc := range r.outlines(ctx, t) {
				if err := ctx.Err(); err != nil {
					yield(Document{}, err)
					return
				}
				var err error
				if !doc.Same {
					doc, err = r.document(doc)
				}
				if !yield(doc, err) {
					return
				}
			}
			r.release(t)
			if t == posts.Everything && !yield(b.opml(c, r.topics)) {
				return
			}
		}
	}
}

// outlines are a topic's documents without their bodies. Its posts are rendered
// unless all of the documents are there already.
func (r *run) outlines(ctx context.Context, t posts.Topic) []Document {
	b, same := r.b, 0
	about := b.topicFeed(t)
	docs := make([]Document, 0, len(Formats))
	for _, f := range Formats {
		doc := Document{Path: b.o.Addresses.Path(t, f), MediaType: f.MediaType(), Topic: t, Format: f}
		doc.Recipe = r.book.feed(b.in(f, t, &about), b.excerpt(t), r.sums[t]).String()
		if doc.Same = b.o.Have != nil && b.o.Have(doc.Path, doc.Recipe); doc.Same {
			same++
		}
		docs = append(docs, doc)
	}
	if same < len(docs) {
		if r.entries[t] == nil {
			r.lay(t)
		}
		r.render(ctx, t)
	}
	return docs
}

// document joins the fragments of a topic's posts.
func (r *run) document(doc Document) (Document, error) {
	return r.b.join(doc, r.b.newFeed(doc.Topic, doc.Format), !r.b.excerpt(doc.Topic), r.entries[doc.Topic])
}

// join joins the fragments of as many entries as fit into a live feed.
func (b *Builder) join(doc Document, f *feed, full bool, entries []*slot) (Document, error) {
	format, budget := doc.Format, b.o.MaxBytes
	before, after, err := b.frame(f, format)
	if err != nil {
		return doc, fmt.Errorf("build %s: %w", doc.Path, err)
	}
	budget -= len(before) + len(after) + slack

	chosen := make([]*slot, 0, len(entries))
	size := 0
	for _, s := range entries {
		if s.fragment == nil {
			doc.Recipe = "" // another time it may be there
			continue
		}
		n := s.fragment.size(format, full && !s.huge) + 2
		if size+n > budget {
			break
		}
		size += n
		f.see(s)
		chosen = append(chosen, s)
	}
	if before, after, err = b.frame(f, format); err != nil { // now with its date
		return doc, fmt.Errorf("build %s: %w", doc.Path, err)
	}

	doc.Updated, doc.Entries = f.updated, len(chosen)
	body := make([]byte, 0, len(before)+size+len(after))
	body = append(body, before...)
	for i, s := range chosen {
		if format == JSON {
			body = append(body, separator(i)...)
		}
		body = s.fragment.appendTo(body, format, full && !s.huge)
	}
	doc.Body = append(body, after...)
	return doc, nil
}

// slack is for the date in a document's frame, which is known last.
const slack = 128

func separator(i int) string {
	if i == 0 {
		return "\n"
	}
	return ",\n"
}

func (b *Builder) excerpt(t posts.Topic) bool {
	if excerpt, ok := b.o.Excerpts[t]; ok {
		return excerpt
	}
	return b.o.Excerpt
}
