package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode"
)

// post is one file below _posts.
type post struct {
	name string
	text []byte
	date time.Time
}

// generator makes posts. What one post is does not depend on the others.
type generator struct {
	seed       uint64
	words      words
	tags       []string
	categories []int // sums of weights, as dice.weighted takes them
	likely     []int // of tags
}

func newGenerator(seed uint64) *generator {
	g := &generator{seed: seed, words: readWords(wordList)}
	for _, field := range g.words["field"] {
		for _, area := range g.words["area"] {
			g.tags = append(g.tags, area[0]+field[0])
		}
	}
	sum := 0
	for i := range g.tags {
		sum += 100_000 / (i + 1) // few tags have most of the posts, as in archives of newspapers
		g.likely = append(g.likely, sum)
	}
	sum = 0
	for _, weight := range [...]int{30, 18, 12, 10, 7, 6, 5, 4, 3, 3, 1, 1} {
		sum += weight
		g.categories = append(g.categories, sum)
	}
	return g
}

// draft is a post being put together.
type draft struct {
	*dice
	g        *generator
	number   int
	date     time.Time
	code     string // the source's own number of the article
	title    string
	category int
}

func (g *generator) post(i int) post {
	d := &draft{dice: &dice{rand.NewPCG(g.seed, uint64(i)), g.words}, g: g, number: i}
	days := d.n(3650)
	if d.chance(250) {
		days = 3650 - d.n(730) // archives grow
	}
	zone := time.FixedZone("", 8*60*60)
	d.date = time.Date(2015, 11, 1, 6, 0, d.n(64_800), 0, zone).AddDate(0, 0, days)
	d.code = fmt.Sprintf("GN%s%05d%05d", d.date.Format("20060102"), d.n(1e5), d.n(1e5))
	d.category = d.weighted(g.categories)
	d.title = d.say("title")
	text := d.frontMatter() + d.body() + d.footer()
	if d.chance(30) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if d.chance(10) {
		text = "\ufeff" + text
	}
	return post{d.date.Format("2006-01-02-") + d.slug() + ".md", []byte(text), d.date}
}

func (d *draft) frontMatter() string {
	lines := []string{"---", "layout: post", d.titleLine(), "date: " + d.date.Format("2006-01-02 15:04:05 -0700")}
	category := d.words["slug"][d.category][0]
	if d.chance(40) {
		other := d.words["slug"][(d.category+1+d.n(11))%12][0]
		lines = append(lines, "categories: ["+category+", "+other+"]")
	} else {
		lines = append(lines, "categories: "+category)
	}
	lines = append(lines, d.tagLines()...)
	if d.chance(20) {
		lines = append(lines, "published: false")
	}
	return strings.Join(append(lines, "---"), "\n") + "\n"
}

// titleLine quotes in the ways that people do, some of them hard to read.
func (d *draft) titleLine() string {
	switch x := d.n(100); {
	case x < 3:
		return fmt.Sprintf(`title: "%s \"%s\""`, d.title, d.say("head"))
	case x < 6:
		return fmt.Sprintf("title: '%s & <%s>'", d.title, d.say("head"))
	}
	return fmt.Sprintf("title: %q", d.title)
}

// tagLines are no tags, a list in brackets, a list of lines, a list by spaces,
// or one tag.
func (d *draft) tagLines() []string {
	x := d.n(100)
	switch {
	case x < 3:
		return nil
	case x < 18:
		return []string{"tags: [" + strings.Join(d.tags(2+d.n(4)), ", ") + "]"}
	case x < 25:
		lines := []string{"tags:"}
		for _, tag := range d.tags(1 + d.n(4)) {
			lines = append(lines, "  - "+tag)
		}
		return lines
	case x < 28:
		return []string{"tags: " + strings.Join(d.tags(2), " ")}
	}
	return []string{"tags: " + d.tags(1)[0]}
}

func (d *draft) tags(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = d.g.tags[d.weighted(d.g.likely)]
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// body is HTML in a Markdown file, as scrapers leave it: from one to eight
// kilobytes.
func (d *draft) body() string {
	x := d.n(1000)
	want := 1000 + 7*x*(x+400)/1400
	paragraphs := []string{"<p>" + d.say("byline") + "</p>"}
	for size := 0; size < want; {
		var b strings.Builder
		switch x := d.n(100); {
		case x < 8:
			d.add(&b, "head")
		case x < 10:
			b.WriteString("<strong>" + d.say("sentence") + "</strong>")
		case x < 12:
			b.WriteString(strings.Replace(d.say("sentence"), "，", "，&nbsp;", 1))
		default:
			for range 1 + d.n(4) {
				d.add(&b, "sentence")
			}
		}
		paragraphs = append(paragraphs, " <p>"+b.String()+"</p>")
		size += b.Len() + 9
	}
	if d.chance(150) {
		for k := range 1 + d.n(3) {
			paragraphs = slices.Insert(paragraphs, 1+d.n(len(paragraphs)), d.image(k))
		}
	}
	return strings.Join(paragraphs, "\n")
}

func (d *draft) image(k int) string {
	source := [...]string{
		fmt.Sprintf("http://img.paper.example/%s/%d.jpg", d.code, k),
		fmt.Sprintf("/assets/%s-%d.png", strings.ToLower(d.code), k),
		fmt.Sprintf("//img.paper.example/%s_%d.webp", d.code, k),
	}[d.n(3)]
	return fmt.Sprintf(` <p><img src="%s" alt="%s" /></p>`, source, d.say("head"))
}

// footer is what the archive's scraper leaves below an article.
func (d *draft) footer() string {
	paper, slug := d.words["paper"][d.category][0], d.words["slug"][d.category][0]
	return fmt.Sprintf("<p class=\"em_media\">（文章来源：%s）</p>\n\n<http://paper.example/share.html?infoCode=%s>\n\n"+
		"[返回%s新闻](//news.example/category/%s.html)｜[返回首页](//news.example/)", paper, d.code, paper, slug)
}

// slug is the file's name: the title, the source's number, or syllables.
func (d *draft) slug() string {
	var slug string
	switch x := d.n(100); {
	case x < 10:
		slug = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, d.title)
	case x < 64:
		slug = strings.ToLower(d.code)
	default:
		syllables := make([]string, 3+d.n(4))
		for i := range syllables {
			syllables[i] = d.say("syllable")
		}
		slug = strings.Join(syllables, "-")
	}
	return fmt.Sprintf("%s-%d", slug, d.number)
}
