package layering

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestArchitectureShowsTheTable compares the import table that people read with
// the one that is held.
func TestArchitectureShowsTheTable(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(page, []byte("\n")); n > 120 {
		t.Errorf("ARCHITECTURE.md has %d lines, at most 120", n)
	}
	_, table, _ := strings.Cut(string(page), "| package | may import of ours |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	names := regexp.MustCompile("`([a-z]+)`")
	shown := make(map[string][]string)
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 || strings.HasPrefix(line, "|---") {
			continue
		}
		var may []string
		for _, m := range names.FindAllStringSubmatch(cells[2], -1) {
			may = append(may, m[1])
		}
		if strings.TrimSpace(cells[2]) == "everything" {
			may = []string{"*"}
		}
		for _, m := range names.FindAllStringSubmatch(cells[1], -1) {
			shown[m[1]] = may
		}
	}
	if diff := cmp.Diff(mayImport(), shown); diff != "" {
		t.Errorf("the table of ARCHITECTURE.md (-held +shown):\n%s", diff)
	}
	for party, at := range doors() {
		name := party[strings.LastIndexByte(party, '/')+1:]
		if strings.Contains(party, ".") && !slices.Contains(at, "cmd") && !strings.Contains(strings.ToLower(string(page)), name) {
			t.Errorf("ARCHITECTURE.md does not name the door of %s", party)
		}
	}
}
