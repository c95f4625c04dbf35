package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/enshi-daily/enshi/posts"
)

// revision names everything but the posts that decides how their bodies come
// out: this program, what the site's configuration says, and the house rules.
// It names no path and no time, so that two machines agree on it.
func revision(site posts.Site, house posts.House) (string, error) {
	program, err := programRevision()
	if err != nil {
		return "", err
	}
	zone := ""
	if site.Zone != nil {
		zone = site.Zone.String()
	}
	site.Zone = nil
	seen, err := json.Marshal(struct {
		Program string
		Site    posts.Site
		Zone    string
		House   posts.House
	}{program, site, zone, house})
	if err != nil {
		return "", fmt.Errorf("revision: %w", err)
	}
	sum := sha256.Sum256(seen)
	return hex.EncodeToString(sum[:16]), nil
}

// programRevision is the commit that the program was built from. A program that
// was built from anything else is recognised by its file.
func programRevision() (string, error) {
	commit, modified := "", true
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value
			case "vcs.modified":
				modified = s.Value != "false"
			}
		}
	}
	if commit != "" && !modified {
		return commit, nil
	}
	name, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("revision of the program: %w", err)
	}
	file, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("revision of the program: %w", err)
	}
	return fmt.Sprintf("%d bytes of %d", file.Size(), file.ModTime().UnixNano()), nil
}
