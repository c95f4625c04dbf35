package posts

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzValidUTF8(f *testing.F) {
	for _, s := range []string{
		"", "记者", "恩施日报新闻 2022 “两会” a", "\xed\xa0\x80中文中文", "\xe0\x80\x80中文中文", "中\xed\xbf\xbf文中文", "中\xe0\x9f\xbf文中文",
		"abcdefgh\xff", "中文中文\xe4\xb8", "中文\xf0\x9f\x98\x80中文", "\xf4\x90\x80\x80中文中", "é中\xc0\x80文中文", "\uffff\ufffd中文",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := validUTF8(b), utf8.Valid(b); got != want {
			t.Errorf("%q: valid is %v, expected %v", b, got, want)
		}
	})
}

// Every lead byte with every second one, at each place of what is one step.
func TestValidUTF8AtEachPlace(t *testing.T) {
	text := strings.Repeat("中", 8)
	for at := range 12 {
		for first := range 256 {
			for second := range 256 {
				b := []byte(text)
				b[at], b[at+1] = byte(first), byte(second)
				if got, want := validUTF8(b), utf8.Valid(b); got != want {
					t.Fatalf("%q: valid is %v, expected %v", b, got, want)
				}
			}
		}
	}
}

func BenchmarkValidUTF8(b *testing.B) {
	text := []byte(strings.Repeat("<p>“水通了，灯亮了，村子一天一个样。”舞阳坝街道麻柳溪村工作人员罗娟强说，共13场次。</p>\n", 40))
	for _, one := range []struct {
		name  string
		valid func([]byte) bool
	}{{"Ours", validUTF8}, {"Library", utf8.Valid}} {
		b.Run(one.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				one.valid(text)
			}
		})
	}
}
