//go:build peers

package feeds_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"testing"

	"github.com/mmcdole/gofeed"

	"github.com/enshi-daily/enshi/feeds"
)

// TestHTMLIsWhatTheValidatorsParserTakes gives all HTML of the hostile posts'
// documents to html5lib in its strict mode, which is how the W3C feed validator
// looks for NotHtml.
func TestHTMLIsWhatTheValidatorsParserTakes(t *testing.T) {
	parts := map[string]string{}
	for _, h := range slices.Concat(hostileFronts(), hostileMarkup(), hostileText(), hostileMarkdown()) {
		w := readSite(t, h.files())
		for path, doc := range w.documents(t, nil) {
			if doc.Format == "" {
				continue
			}
			parsed, err := gofeed.NewParser().Parse(bytes.NewReader(doc.Body))
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range parsed.Items {
				parts[h.name+": content in "+path] = item.Content
				if doc.Format == feeds.RSS {
					parts[h.name+": description in "+path] = item.Description
				}
			}
		}
	}
	input, err := json.Marshal(parts)
	if err != nil || len(parts) < 300 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	command := exec.Command("/usr/bin/python3", "-c", html5libScript)
	command.Stdin = bytes.NewReader(input)
	if said, err := command.CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("html5lib: %v\n%s", err, said)
	}
	t.Logf("%d pieces of HTML read", len(parts))
}

const html5libScript = `
import json, sys, html5lib
for name, source in json.load(sys.stdin).items():
    try:
        html5lib.HTMLParser(strict=True).parseFragment(source)
    except Exception as e:
        print(name, repr(e), source[:500])
`
