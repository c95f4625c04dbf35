package layering_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/enshi-daily/enshi/internal/layering"
)

const module = "github.com/enshi-daily/enshi"

var root = filepath.Join("..", "..")

func TestImportsOfTheModule(t *testing.T) {
	packages, err := layering.List(root, module)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, p := range packages {
		seen[p.Path] = true
	}
	for _, want := range []string{"posts", "feeds", "subscribers", "digest", "delivery", "config", "internal/layering"} {
		if !seen[want] {
			t.Errorf("package %s is not listed: the rules would hold for nothing", want)
		}
	}
	for _, v := range layering.CheckImports(module, packages) {
		t.Error(v)
	}
}

func TestSourceOfTheModule(t *testing.T) {
	found, err := layering.CheckSource(os.DirFS(root), layering.HouseBudget())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

func TestImportRulesFindBadExamples(t *testing.T) {
	packages, err := layering.List(filepath.Join("testdata", "imports"), module)
	if err != nil {
		t.Fatal(err)
	}
	const way, door, name = "imports point one way", "each third party lives behind one door", "a package is called after what it holds"
	want := []layering.Violation{
		{Rule: way, Where: "posts", What: "imports digest: posts may import nothing of ours"},
		{Rule: door, Where: "digest", What: "imports net/http: only for web and feeds/hub"},
		{Rule: door, Where: "digest", What: "imports database/sql: only for store/sqlitedb"},
		{Rule: way, Where: "web", What: "imports internal/probe: internal is for tests alone"},
		{Rule: way, Where: "web", What: "imports mailer: web may import only posts, feeds, subscribers, digest, delivery, bounces, templates"},
		{Rule: name, Where: "feeds/helpers", What: "helpers says nothing: name the noun or move it to its user"},
		{Rule: way, Where: "feeds/helpers", What: "imports subscribers: feeds may import only posts"},
		{Rule: way, Where: "store/a", What: "imports store/b: store may import only posts, subscribers, digest, delivery"},
		{Rule: door, Where: "store/a", What: "imports github.com/redis/go-redis/v9: only for store/redisdb and internal/redistest"},
		{Rule: door, Where: "store/b", What: "imports modernc.org/sqlite: only for store/sqlitedb"},
		{Rule: door, Where: "store/b", What: "imports testing: only for internal and store/storetest and bench"},
		{Rule: name, Where: "mail", What: "mail is a package of the standard library"},
		{Rule: door, Where: "mail", What: "imports github.com/wneessen/go-mail: only for mailer"},
		{Rule: way, Where: "cmd/enshi", What: "imports internal/probe: internal is for tests alone"},
		{Rule: way, Where: "mailer", What: "imports cmd/enshi: nothing imports cmd"},
		{Rule: way, Where: "stray", What: "imports posts: stray may import nothing of ours"},
	}
	compare(t, want, layering.CheckImports(module, packages))
}

func TestSourceRulesFindBadExamples(t *testing.T) {
	got, err := layering.CheckSource(os.DirFS(filepath.Join("testdata", "source")), layering.Budget{FileLines: 42, TestFileLines: 11, FunctionLines: 4, Parameters: 2})
	if err != nil {
		t.Fatal(err)
	}
	const globals = "no globals"
	can := func(line, name string) layering.Violation {
		return layering.Violation{Rule: globals, Where: line, What: "var " + name + " can change: pass it through Options, or make it a constant or a function"}
	}
	want := []layering.Violation{
		{Rule: "small tail", Where: "long/file_test.go", What: "12 lines, at most 11: find the seam"},
		{Rule: "few parameters", Where: "long/long.go:11", What: "toomany has 3 parameters, at most 2: take an options struct"},
		{Rule: "few parameters", Where: "long/long.go:22", What: "changeTwo has 3 parameters, at most 2: take an options struct"},
		{Rule: "few parameters", Where: "long/long.go:24", What: "toomany has 3 parameters, at most 2: take an options struct"},
		{Rule: "few parameters", Where: "long/long.go:26", What: "unnamed has 3 parameters, at most 2: take an options struct"},
		{Rule: "small tail", Where: "long/long.go:28", What: "long has 5 lines, at most 4: find the step with a name of its own"},
		{Rule: "small tail", Where: "state/state.go", What: "43 lines, at most 42: find the seam"},
		{Rule: "no init", Where: "state/state.go:39", What: "init runs before anybody asked: let a constructor do it"},
		can("state/state.go:28", "badError"), can("state/state.go:31", "badMap"), can("state/state.go:31", "badSlice"),
		can("state/state.go:32", "badPointers"), can("state/state.go:33", "badZero"), can("state/state.go:34", "badCall"), can("state/state.go:37", "update"),
		can("internal/golden/golden.go:8", "other"),
	}
	compare(t, want, got)
}

func compare(t *testing.T, want, got []layering.Violation) {
	t.Helper()
	byText := cmpopts.SortSlices(func(a, b layering.Violation) bool { return a.String() < b.String() })
	if diff := cmp.Diff(want, got, byText); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestATreeWithoutGoFilesIsAnError(t *testing.T) {
	if _, err := layering.CheckSource(os.DirFS(t.TempDir()), layering.HouseBudget()); err == nil {
		t.Error("CheckSource of nothing passes")
	}
}
