package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/config"
)

// file writes a file below a new directory and returns its path.
func file(t *testing.T, files map[string]string) string {
	t.Helper()
	for _, name := range []string{"ENSHI_STORE", "ENSHI_SMTP", "ENSHI_SMTP_PASSWORD"} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "enshi.yaml")
}

func TestLoadWithoutAFile(t *testing.T) {
	file(t, nil)
	c, err := config.Load("")
	if diff := cmp.Diff(config.Default(), c, sameValues); diff != "" || err != nil {
		t.Errorf("Load without a file: %v (-want +got):\n%s", err, diff)
	}
}

func TestLoadOfAMissingFile(t *testing.T) {
	if _, err := config.Load(file(t, nil)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of a missing file: %v", err)
	}
}

func TestLoadStartsNamesFromTheFile(t *testing.T) {
	path := file(t, map[string]string{"enshi.yaml": "site: {dir: ../site}\nmail: {outbox: /var/outbox}\nstore: sqlite:x.db\n"})
	dir := filepath.Dir(path)
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ key, got, want string }{
		{"site.dir", c.Site.Dir, filepath.Join(filepath.Dir(dir), "site")},
		{"data", c.Data, filepath.Join(dir, "enshi-data")},
		{"mail.outbox", c.Mail.Outbox, "/var/outbox"},
		{"store", c.Store.Reveal(), "sqlite:" + filepath.Join(dir, "x.db")},
		{"templates", c.Templates, ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %q, want %q", tt.key, tt.got, tt.want)
		}
	}
}

func TestLoadReadsSecretsFromFiles(t *testing.T) {
	path := file(t, map[string]string{"enshi.yaml": "mail: {smtp: 'smtp://u@a.example.com', smtp_password_file: relay.secret}\n", "relay.secret": "open sesame\r\n"})
	c, err := config.Load(path)
	if err != nil || c.Mail.SMTPPassword.Reveal() != "open sesame" {
		t.Errorf("password %q, %v", c.Mail.SMTPPassword.Reveal(), err)
	}
	t.Setenv("ENSHI_SMTP_PASSWORD", "from outside")
	if c, err = config.Load(path); err != nil || c.Mail.SMTPPassword.Reveal() != "from outside" {
		t.Errorf("password %q, %v, want the environment's", c.Mail.SMTPPassword.Reveal(), err)
	}
}

func TestLoadReportsSecretsItCannotRead(t *testing.T) {
	for name, secret := range map[string]string{"missing": "", "empty": "\n", "two lines": "sesame\nsesame\n"} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"enshi.yaml": "data: x\nmail:\n  smtp_password_file: relay.secret\nlisten: x\n"}
			if secret != "" {
				files["relay.secret"] = secret
			}
			path := file(t, files)
			_, err := config.Load(path)
			if err == nil || !strings.Contains(err.Error(), path+":3: mail.smtp_password_file: ") || !strings.Contains(err.Error(), path+":4: listen: ") {
				t.Errorf("Load: %v, want both problems with their lines", err)
			}
			if strings.Contains(err.Error(), "sesame") {
				t.Errorf("the problem quotes the secret: %v", err)
			}
		})
	}
}

func TestLoadReadsTheEnvironment(t *testing.T) {
	path := file(t, map[string]string{"enshi.yaml": "store: nonsense\n"})
	t.Setenv("ENSHI_STORE", "redis://127.0.0.1:6379/1")
	t.Setenv("ENSHI_SMTP", "smtp://a.example.com  smtp://b.example.com")
	c, err := config.Load(path)
	if err != nil || c.Store.Reveal() != "redis://127.0.0.1:6379/1" || len(c.Mail.SMTP) != 2 || c.Mail.SMTP[1].Reveal() != "smtp://b.example.com" {
		t.Errorf("Load = %v %v, %v", c.Store, c.Mail.SMTP, err)
	}
	t.Setenv("ENSHI_STORE", "more nonsense")
	if _, err = config.Load(path); err == nil || !strings.HasPrefix(err.Error(), "store: ") {
		t.Errorf("Load with a bad variable: %v, want a problem without a line of the file", err)
	}
}

func TestPasswordWithoutUser(t *testing.T) {
	path := file(t, map[string]string{"enshi.yaml": "mail:\n  smtp: smtp://a.example.com:587\n"})
	t.Setenv("ENSHI_SMTP_PASSWORD", "sesame")
	_, err := config.Load(path)
	if err == nil || !strings.Contains(err.Error(), ":2: mail.smtp: there is a password and no user: expected smtp://USER@a.example.com:587") {
		t.Errorf("Load: %v", err)
	}
}
