package layering

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// Package is a package of the module as its imports show it, tests left out.
type Package struct {
	Path    string // below the module, "" for its root
	Imports []string
}

// List asks the go command for the packages of the module at dir. Imports that
// cannot be found are listed like all others.
func List(dir, module string) ([]Package, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w: %s", dir, err, stderr.Bytes())
	}
	var packages []Package
	for stream := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		switch err := stream.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages, nil
		case err != nil:
			return nil, fmt.Errorf("go list in %s: %w", dir, err)
		}
		packages = append(packages, Package{Path: below(p.ImportPath, module), Imports: p.Imports})
	}
}

func below(path, module string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

// mayImport is the import table of ARCHITECTURE.md. A package below another has
// its row and may import it too; what is not in the table may import nothing of
// ours. "*" is everything.
func mayImport() map[string][]string {
	return map[string][]string{
		"posts": nil, "bounces": nil, "templates": nil, "config": nil, "internal": nil,
		"subscribers": {"posts"},
		"feeds":       {"posts"},
		"digest":      {"posts", "subscribers"},
		"delivery":    {"posts", "subscribers", "digest"},
		"mailer":      {"posts", "subscribers", "digest", "delivery", "templates"},
		"store":       {"posts", "subscribers", "digest", "delivery"},
		"web":         {"posts", "feeds", "subscribers", "digest", "delivery", "bounces", "templates"},
		"cmd":         {"*"},
		"bench":       {"*"},
	}
}

// doors says where each third party, and each part of the standard library that
// touches the world in its own way, may be imported.
func doors() map[string][]string {
	return map[string][]string{
		"github.com/gorilla/feeds":           {"feeds"},
		"github.com/wneessen/go-mail":        {"mailer"},
		"github.com/emersion/go-msgauth":     {"mailer"},
		"github.com/vanng822/go-premailer":   {"mailer"},
		"github.com/redis/go-redis":          {"store/redisdb", "internal/redistest"},
		"modernc.org/sqlite":                 {"store/sqlitedb"},
		"database/sql":                       {"store/sqlitedb"},
		"github.com/urfave/cli":              {"cmd"},
		"github.com/yuin/goldmark":           {"posts"},
		"github.com/microcosm-cc/bluemonday": {"posts"},
		"github.com/fsnotify/fsnotify":       {"posts"},
		"net/http":                           {"web", "feeds/hub"},
		"testing":                            {"internal", "store/storetest", "bench"},
	}
}

// CheckImports holds the import table, the doors and the names of packages.
func CheckImports(module string, packages []Package) []Violation {
	var found []Violation
	for _, p := range packages {
		found = append(found, checkName(p)...)
		for _, i := range p.Imports {
			if i == module || strings.HasPrefix(i, module+"/") {
				found = append(found, checkOwn(p, below(i, module))...)
			} else {
				found = append(found, checkDoor(p, i)...)
			}
		}
	}
	return found
}

func checkOwn(p Package, imported string) []Violation {
	const rule = "imports point one way"
	top, _, _ := strings.Cut(p.Path, "/")
	allowed := mayImport()[top]
	switch {
	case within(imported, "cmd"):
		return []Violation{{rule, p.Path, "imports " + imported + ": nothing imports cmd"}}
	case within(imported, "internal") && !within(p.Path, "internal") && !within(p.Path, "bench"):
		return []Violation{{rule, p.Path, "imports " + imported + ": internal is for tests alone"}}
	case slices.Contains(allowed, "*"):
	case top != "store" && p.Path != imported && within(p.Path, imported): // a folder below
	case slices.ContainsFunc(allowed, func(a string) bool { return within(imported, a) }):
	default:
		may := "nothing of ours"
		if len(allowed) > 0 {
			may = "only " + strings.Join(allowed, ", ")
		}
		return []Violation{{rule, p.Path, "imports " + imported + ": " + top + " may import " + may}}
	}
	return nil
}

func checkDoor(p Package, imported string) []Violation {
	for party, at := range doors() {
		if within(imported, party) && !slices.ContainsFunc(at, func(door string) bool { return within(p.Path, door) }) {
			return []Violation{{"each third party lives behind one door", p.Path, "imports " + imported + ": only for " + strings.Join(at, " and ")}}
		}
	}
	return nil
}

func checkName(p Package) []Violation {
	for segment := range strings.SplitSeq(p.Path, "/") {
		switch segment {
		case "util", "utils", "common", "helper", "helpers", "core", "types", "base", "misc", "shared", "lib":
			return []Violation{{"a package is called after what it holds", p.Path, segment + " says nothing: name the noun or move it to its user"}}
		case "http", "errors", "mail", "template", "log", "time", "url", "json", "context":
			return []Violation{{"a package is called after what it holds", p.Path, segment + " is a package of the standard library"}}
		}
	}
	return nil
}

// within says whether path is parent or below it.
func within(path, parent string) bool { return path == parent || strings.HasPrefix(path, parent+"/") }
