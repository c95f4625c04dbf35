package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/enshi-daily/enshi/config"
)

// everywhere prints v in all the ways that values end up in logs and files.
func everywhere(t *testing.T, v any) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	out["Sprint"] = fmt.Sprint(v)
	for name, h := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(h(&b)).Info("x", "value", v)
		out[name] = b.String()
	}
	if data, err := json.Marshal(v); err == nil {
		out["json"] = string(data)
	} else {
		t.Error(err)
	}
	if data, err := yaml.Marshal(v); err == nil {
		out["yaml"] = string(data)
	} else {
		t.Error(err)
	}
	return out
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	const word = "sesame"
	hex := fmt.Sprintf("%x", word)
	c := config.Default()
	c.Store = config.NewURL("redis://user:" + word + "@127.0.0.1:6379/0")
	c.SentinelPassword = config.NewSecret(word)
	c.Mail.SMTP = []config.URL{config.NewURL("smtp://news:" + word + "@a.example.com"), config.NewURL("smtp://%zz:" + word + "@x")}
	c.Mail.SMTPPassword = config.NewSecret(word)
	for name, v := range map[string]any{
		"a secret": c.Mail.SMTPPassword, "a pointer": &c.Mail.SMTPPassword, "an address": c.Store, "a parameter": config.NewURL("redis://a/0?master=m&sentinel%5Fpassword=" + word), "an unreadable parameter": config.NewURL("redis://a/0?%zz=" + word + "&x=1"),
		"an unreadable address": c.Mail.SMTP[1],
		"a list":                c.Mail.SMTP, "the configuration": c, "a pointer to it": &c,
		"an unexported field": struct{ S, s config.Secret }{c.Mail.SMTPPassword, c.Mail.SMTPPassword},
	} {
		for how, got := range everywhere(t, v) {
			if strings.Contains(got, word) || strings.Contains(strings.ToLower(got), hex) {
				t.Errorf("%s by %s: %s", name, how, got)
			}
		}
	}
	for how, got := range everywhere(t, c.Mail.SMTPPassword) {
		if !strings.Contains(got, "***") {
			t.Errorf("a secret by %s: %s, want ***", how, got)
		}
	}
}

func TestSecretKeepsItsValue(t *testing.T) {
	s := config.NewSecret("sesame")
	if s.Reveal() != "sesame" || s.IsZero() || !s.Equal(config.NewSecret("sesame")) || s.Equal(config.Secret{}) {
		t.Error("a secret has lost its value")
	}
	var none config.Secret
	if none.Reveal() != "" || !none.IsZero() || none.String() != "" || !config.NewSecret("").IsZero() {
		t.Error("no secret is not empty")
	}
}

func TestURLShowsAllButThePassword(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		"sqlite:enshi.db":                "sqlite:enshi.db",
		"redis://127.0.0.1:6379/0":       "redis://127.0.0.1:6379/0",
		"smtp://news@a.example.com":      "smtp://news@a.example.com",
		"smtp://news:pw@a.example.com:2": "smtp://news:***@a.example.com:2",
		"redis://:pw@127.0.0.1:6379/0":   "redis://:***@127.0.0.1:6379/0",
		"smtp://%zz:pw@a":                "***",
	} {
		if got := config.NewURL(in).String(); got != want {
			t.Errorf("URL(%q) prints %q, want %q", in, got, want)
		}
	}
}
