package mailer_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vanng822/go-premailer/premailer"

	"github.com/enshi-daily/enshi/mailer"
)

// premailed is what go-premailer makes of a document by itself.
func premailed(t *testing.T, document string) string {
	t.Helper()
	p, err := premailer.NewPremailerFromString(document, premailer.NewOptions(premailer.WithCssToAttributes(false)))
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Transform()
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// randomDocument is a document whose elements nest at random, some without an
// end, as templates of an operator may.
func randomDocument(random *rand.Rand, sheet string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE html><html><head><title>T</title><style>%s</style></head><body class=\"c%d\">", sheet, random.IntN(3))
	var open []string
	for range 5 + random.IntN(40) {
		switch tag := []string{"p", "td", "tr", "table", "span", "a", "div", "li"}[random.IntN(8)]; random.IntN(4) {
		case 0:
			if n := len(open); n > 0 {
				fmt.Fprintf(&b, "</%s>", open[n-1])
				open = open[:n-1]
			}
		case 1:
			fmt.Fprintf(&b, `<%s class="c%d c%d" href="https://x.example/%d">字 &amp; &#39;`, tag, random.IntN(4), random.IntN(4), random.IntN(9))
			open = append(open, tag)
		case 2:
			fmt.Fprintf(&b, `<%s style="color: #%03d" id="i%d">`, tag, random.IntN(3), random.IntN(3))
			open = append(open, tag)
		default:
			fmt.Fprintf(&b, "<%s>&nbsp;", tag)
		}
	}
	return b.String() + "</body></html>"
}

func TestStylesAreThoseOfPremailer(t *testing.T) {
	for name, sheet := range map[string]string{
		"classes and places": "p{margin:0}.c1{color:red;padding:1px!important}.c2 .c3{top:0}td p,#i1{left:0}.c1>a{right:0}*{x:y}@media(max-width:9px){.c1:first-child{color:blue}}",
		"siblings":           "p+p{margin:0}p:first-child{top:0}.c1~a{left:0}.c2{color:red}",
		"attributes":         `[href$="1"]{color:red}.c1{top:0}`,
		"none":               "",
	} {
		t.Run(name, func(t *testing.T) {
			random, inline := rand.New(rand.NewPCG(3, 4)), mailer.NewInliner()
			for i := range 400 {
				document := randomDocument(random, sheet)
				for range 2 {
					got, err := inline(document)
					if err != nil {
						t.Fatal(err)
					}
					if want := premailed(t, document); got != want {
						t.Fatalf("document %d:\n%s\nbecame\n%s\nwant\n%s", i, document, got, want)
					}
				}
			}
		})
	}
}

func TestStylesOfSeveralSheetsAreThoseOfPremailer(t *testing.T) {
	const document = `<html><head><style>p{margin:0}</style><style media="print">p{top:0}</style></head><body><p>x</p></body></html>`
	got, err := mailer.NewInliner()(document)
	if err != nil || got != premailed(t, document) {
		t.Errorf("inline = %q, %v; want %q", got, err, premailed(t, document))
	}
}
