package posts

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// jekyllForm is Jekyll's own regular expression for front matter. Ruby's ^ and
// $ are those of a line, its \s has \v too.
var jekyllForm = regexp.MustCompile(`\A((?:---[\t-\r ]*\n)(?s:.*?)\n?)(?m:^)((---|\.\.\.)[\t-\r ]*(?m:$)\n?)`)

func TestSplitSource(t *testing.T) {
	tests := []struct {
		name, src, front, body string
		line                   int
		ok                     bool
	}{
		{"ends with dashes", "---\na: b\n---\nx\n", "a: b\n", "x\n", 4, true},
		{"ends with dots", "---\na: b\n...\nx", "a: b\n", "x", 4, true},
		{"CRLF", "---\r\na: b\r\n---\r\nx\r\n", "a: b\r\n", "x\r\n", 4, true},
		{"byte order mark", "\ufeff---\na: b\n---\nx", "a: b\n", "x", 4, true},
		{"empty", "---\n---\nx", "", "x", 3, true},
		{"nothing after it", "---\na: b\n---", "a: b\n", "", 4, true},
		{"blank lines before the body", "---\n---\n\n \n  x", "", "  x", 5, true},
		{"white space after delimiters", "--- \t\na: b\n--- \nx", "a: b\n", "x", 4, true},
		{"none", "x\n---\ny", "", "x\n---\ny", 1, false},
		{"byte order mark alone", "\ufeffx", "", "x", 1, false},
		{"not closed", "---\na: b\n", "", "---\na: b\n", 1, false},
		{"four dashes do not open", "----\na: b\n---\n", "", "----\na: b\n---\n", 1, false},
		{"an indented delimiter does not close", "---\na: b\n ---\nx", "", "---\na: b\n ---\nx", 1, false},
		{"a delimiter with text does not close", "---\na: b\n--- x\n---\ny", "a: b\n--- x\n", "y", 5, true},
		{"empty file", "", "", "", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			front, body, line, ok := splitSource([]byte(tt.src))
			if string(front) != tt.front || string(body) != tt.body || line != tt.line || ok != tt.ok {
				t.Errorf("splitSource(%q) = %q, %q, %d, %v", tt.src, front, body, line, ok)
			}
		})
	}
}

func FuzzSplitSource(f *testing.F) {
	for _, s := range []string{"---\na: b\n---\nx\n", "---\r\n...\r\n\r\nx", "---\n\n---\v\n\f\n x", "---\n----\n---", "\ufeff---\n---\n", "--- \n--- \n \n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		front, body, line, ok := splitSource([]byte(src))
		src = strings.TrimPrefix(src, "\ufeff")
		m := jekyllForm.FindStringSubmatchIndex(src)
		if ok != (m != nil) {
			t.Fatalf("splitSource(%q): %v, Jekyll %v", src, ok, m)
		}
		if want := src[len(src)-len(body):]; string(body) != want || line != strings.Count(src[:len(src)-len(body)], "\n")+1 && len(body) > 0 {
			t.Fatalf("splitSource(%q): body %q on line %d", src, body, line)
		}
		if !ok {
			return
		}
		if string(body) != src[m[1]:] {
			t.Fatalf("splitSource(%q): body %q, Jekyll %q", src, body, src[m[1]:])
		}
		_, wantFront, _ := strings.Cut(src[m[2]:m[3]], "\n")
		if strings.TrimSpace(string(front)) != strings.TrimSpace(wantFront) {
			t.Fatalf("splitSource(%q): front %q, Jekyll %q", src, front, wantFront)
		}
	})
}

// agree fails unless the fast reading of front matter, if it takes it, is the
// YAML library's.
func agree(t *testing.T, text string) (fast bool) {
	t.Helper()
	got, ok := newDesk(time.Time{}).simpleYAML([]byte(text), 2)
	if !ok {
		return false
	}
	want, err := decodeYAML([]byte(text), 2)
	if err != nil {
		t.Fatalf("simpleYAML takes %q, YAML says line %d: %v", text, yamlLine(err), err)
	}
	if len(got) == 0 && len(want) == 0 {
		return true
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(value{}, field{})); d != "" {
		t.Fatalf("simpleYAML(%q) differs from YAML:\n%s", text, d)
	}
	return true
}

func TestSimpleYAMLIsYAML(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pieces := strings.Split(`a|title|tags|date|恩施|b c|2022-05-23 10:39:11 +0800|"q"|'q'|"|'|\|:|: | :| #|#|-|- |[|]|, |,|{|}|&x|*x|!t|!|>|%|@|~|null|yes|010|1.5|?|? |=|<<|...|---|/|.|(|“引”|　|é| |  |$|^|_|+|;`, "|")
	pieces = append(pieces, "|", "`", "\u2028", "\u0085", "\ufeff", "\x01", "\t", "\r", "\r\n", "\n", "\u00a0", "\ud7ff", "\U0001F600")
	fast := 0
	for range 40_000 {
		var b strings.Builder
		for range rnd.IntN(4) + 1 {
			switch rnd.IntN(8) {
			case 0:
				b.WriteString("  - " + pieces[rnd.IntN(len(pieces))] + pieces[rnd.IntN(len(pieces))])
			case 1:
				fmt.Fprintf(&b, "k%d: [%s, %s]", rnd.IntN(3), pieces[rnd.IntN(len(pieces))], pieces[rnd.IntN(len(pieces))])
			case 2:
				fmt.Fprintf(&b, "k%d:", rnd.IntN(9))
			default:
				fmt.Fprintf(&b, "k%d: ", rnd.IntN(9))
				for range rnd.IntN(4) {
					b.WriteString(pieces[rnd.IntN(len(pieces))])
				}
			}
			b.WriteByte('\n')
		}
		if agree(t, b.String()) {
			fast++
		}
	}
	if fast < 4_000 {
		t.Errorf("only %d texts were simple: the test shows too little", fast)
	}
}

func FuzzSimpleYAML(f *testing.F) {
	for _, s := range []string{
		"title: \"办事“加速跑”\"\ndate: 2022-05-23 10:39:11 +0800\ncategories: enshiribao\n",
		"tags:\n  - 甲\n  - 乙\nk: 'v'\n", "tags: [a, b c]\r\nx:\r\n", "a:\n- b\n- c\n", "a: b\n", "a: /x:y\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { agree(t, text) })
}

func TestSimpleYAMLTakesTheArchive(t *testing.T) {
	front := []byte("layout: post\ntitle: \"办事“加速跑” 服务有温度\"\ndate: 2022-05-23 10:39:11 +0800\ncategories: [enshiribao, hubeiribao]\ntags:\n  - 恩施日报新闻\n  - 恩施政务\npublished: false\n")
	for _, text := range [][]byte{front, bytes.ReplaceAll(front, []byte("\n"), []byte("\r\n"))} {
		if _, ok := newDesk(time.Time{}).simpleYAML(text, 2); !ok {
			t.Errorf("simpleYAML refuses %q", text)
		}
	}
}

func TestYAMLKnowsTheEscapeOfASlash(t *testing.T) {
	fs, err := decodeYAML([]byte(`a: 'x\/y'
b: "x\/y \\/ \\\/"
c: x\/y
d: ["\/",
  "\/z"]
`), 1)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"a": `x\/y`, "b": `x/y \/ \/`, "c": `x\/y`} {
		if got := fs.text(key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if d, _ := fs.get("d"); len(d.items) != 2 || d.items[0].text != "/" || d.items[1].text != "/z" {
		t.Errorf("d = %v", d)
	}
	many := strings.Repeat("- \"\\/\"\n", 3000)
	if fs, err := decodeYAML([]byte("a:\n"+many), 1); err != nil || len(fs[0].value.items) != 3000 || fs[0].value.items[2999].text != "/" {
		t.Errorf("3000 lines with the escape: %v", err)
	}
	if _, err := decodeYAML([]byte("a: \"\\/ \\q\"\n"), 1); err == nil || yamlLine(err) != 1 {
		t.Errorf("another escape that is none: %v", err)
	}
}

func TestYAMLErrorsNameTheLine(t *testing.T) {
	tests := []struct {
		name, text string
		line       int
		message    string
	}{
		{"colon in a plain text", "title: a: b\n", 2, "mapping values"},
		{"unknown character", "a: b\nc: d\ntitle: @x\n", 4, "cannot start"},
		{"no mapping", "\n- a\n", 3, "key: value"},
		{"alias in itself", "a: &x [*x]\n", 2, "contains itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decodeYAML([]byte(tt.text), 2)
			if err == nil || yamlLine(err) != tt.line || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("decodeYAML(%q): line %d: %v, want line %d: …%s…", tt.text, yamlLine(err), err, tt.line, tt.message)
			}
		})
	}
}

func TestYAML11(t *testing.T) {
	fs, err := decodeYAML([]byte("a: yes\nb: off\nc: \"no\"\nd: 010\ne: 1.50\nf: 1_000\ng: 0x1F\nh: 12:30\ni: ~\nj: 1.0e+20\nk: -7\nl: +5\nm: 1,234\nn: .5\no: v1\np: 08\n"), 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fs {
		got = append(got, f.value.str())
	}
	want := []string{"true", "false", "no", "8", "1.5", "1000", "31", "45000", "", "1.0e+20", "-7", "5", "1234", "0.5", "v1", "08"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
