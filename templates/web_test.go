package templates_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/enshi-daily/enshi/templates"
)

func TestReadMessagesWantsEveryLanguage(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"one sentence short", `{"a": {"en": "x", "zh-Hans": "y"}, "b": {"en": "x"}}`, `"b" has no sentence in zh-Hans`},
		{"empty sentence", `{"a": {"en": "x", "zh-Hans": ""}}`, `"a" has no sentence in zh-Hans`},
		{"not JSON", `a: b`, templates.MessagesFile},
	} {
		t.Run(tt.name, func(t *testing.T) {
			over := fstest.MapFS{templates.MessagesFile: {Data: []byte(tt.file)}}
			if _, err := templates.ReadMessages(templates.WebFiles(over)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ReadMessages = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestMessagesFill(t *testing.T) {
	m := templates.Messages{"more": "其余 {n} 个{what}"}
	if got, err := m.Fill("more", "n", 3, "what", "标签"); err != nil || got != "其余 3 个标签" {
		t.Errorf("Fill = %q, %v", got, err)
	}
	for _, key := range []string{"less", ""} {
		if _, err := m.Fill(key); err == nil {
			t.Errorf("Fill(%q) = nil, want an error", key)
		}
	}
}
