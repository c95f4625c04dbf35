package subscribers_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/enshi-daily/enshi/subscribers"
)

func TestParseAddress(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	tests := []struct {
		name, in, want string // want "": refused
	}{
		{"plain", "li@example.com", "li@example.com"},
		{"white space around", " \tli@example.com\r\n", "li@example.com"},
		{"ideographic space around", "　li@example.com　", "li@example.com"},
		{"domain in upper case", "Li.Na@EXAMPLE.com", "Li.Na@example.com"},
		{"every character of atext", "a!#$%&'*+-/=?^_`{|}~z@example.com", "a!#$%&'*+-/=?^_`{|}~z@example.com"},
		{"Chinese domain", "li@恩施.中国", "li@xn--sbuo2j.xn--fiqs8s"},
		{"ideographic full stop", "li@例子。example", "li@xn--fsqu00a.example"},
		{"IDNA already", "li@xn--fiqs8s.cn", "li@xn--fiqs8s.cn"},
		{"longest local part", strings.Repeat("l", 64) + "@example.com", strings.Repeat("l", 64) + "@example.com"},
		{"longest label", "li@" + label63 + ".cn", "li@" + label63 + ".cn"},

		{"empty", "", ""},
		{"no at", "example.com", ""},
		{"no local part", "@example.com", ""},
		{"no domain", "li@", ""},
		{"two ats", "li@na@example.com", ""},
		{"display name", "Li <li@example.com>", ""},
		{"angle brackets", "<li@example.com>", ""},
		{"comment", "li(x)@example.com", ""},
		{"quoted local part", `"li na"@example.com`, ""},
		{"Chinese local part", "李@example.com", ""},
		{"dot first", ".li@example.com", ""},
		{"dot last", "li.@example.com", ""},
		{"two dots", "li..na@example.com", ""},
		{"space inside", "li na@example.com", ""},
		{"header", "li@example.com\r\nBcc: all@example.com", ""},
		{"line end in the local part", "li\r\n@example.com", ""},
		{"zero byte", "li\x00@example.com", ""},
		{"no dot in the domain", "li@localhost", ""},
		{"dot at the domain's end", "li@example.com.", ""},
		{"empty label", "li@example..com", ""},
		{"label too long", "li@" + label63 + "a.cn", ""},
		{"address literal", "li@[192.0.2.1]", ""},
		{"number for a domain", "li@192.0.2.1", ""},
		{"underscore in the domain", "li@exa_mple.com", ""},
		{"hyphen first", "li@-example.com", ""},
		{"broken punycode", "li@xn--a.com", ""},
		{"local part too long", strings.Repeat("l", 65) + "@example.com", ""},
		{"address too long", "li@" + strings.Repeat(label63+".", 4) + "cn", ""},
		{"two addresses", "li@example.com,na@example.com", ""},
		{"right-to-left override", "li@exam\u202eple.com", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := subscribers.ParseAddress(tt.in)
			if string(got) != tt.want {
				t.Fatalf("ParseAddress(%q) = %q, want %q (error: %v)", tt.in, got, tt.want, err)
			}
			if (err != nil) != (tt.want == "") {
				t.Fatalf("ParseAddress(%q): error %v", tt.in, err)
			}
			if err != nil && !errors.Is(err, subscribers.ErrAddress) {
				t.Errorf("ParseAddress(%q): error %v does not wrap ErrAddress", tt.in, err)
			}
		})
	}
}

func TestParseAddressNeverQuotesTheAddress(t *testing.T) {
	for _, in := range []string{
		"secretname", "secretname@", "secretname@localhost", "secretname@-x.com", "secret name@example.com",
		"secretname@192.0.2.1", "secretname." + strings.Repeat("l", 65) + "@example.com", "secretname..a@example.com",
	} {
		_, err := subscribers.ParseAddress(in)
		if err == nil {
			t.Errorf("ParseAddress(%q) accepted it", in)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("ParseAddress(%q): error quotes it: %v", in, err)
		}
	}
}

func TestAddressDomain(t *testing.T) {
	for in, want := range map[subscribers.Address]string{"li@example.com": "example.com", "": ""} {
		if got := in.Domain(); got != want {
			t.Errorf("Address(%q).Domain() = %q, want %q", in, got, want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{
		"li@example.com", "Li.Na+news@EXAMPLE.com", "li@恩施.中国", "li@xn--fiqs8s.cn", " li@例子。example ", "a@b..c", "li@192.0.2.1",
		`"li"@example.com`, "li@example.com\r\nBcc: x@example.com", "li@ß.de", "li@faß.de", "li@xn--zca.de", "李@example.com", "a@[::1]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		a, err := subscribers.ParseAddress(in)
		if err != nil {
			if a != "" || !errors.Is(err, subscribers.ErrAddress) {
				t.Fatalf("ParseAddress(%q) = %q, %v", in, a, err)
			}
			return
		}
		for _, r := range string(a) {
			if r > unicode.MaxASCII || unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`"<>(),;:\`, r) {
				t.Fatalf("ParseAddress(%q) = %q holds %q", in, a, r)
			}
		}
		again, err := subscribers.ParseAddress(string(a))
		if err != nil || again != a {
			t.Fatalf("ParseAddress(%q) = %q, which parses to %q, %v", in, a, again, err)
		}
		if domain := a.Domain(); domain != strings.ToLower(domain) || !strings.HasSuffix(string(a), "@"+domain) {
			t.Fatalf("ParseAddress(%q) = %q has the domain %q", in, a, domain)
		}
	})
}
