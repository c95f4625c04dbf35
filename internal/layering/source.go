package layering

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// Budget is how long things may be.
type Budget struct {
	FileLines     int
	TestFileLines int
	FunctionLines int
	Parameters    int // receiver, context, testing.TB and the two of an HTTP handler not counted
}

// HouseBudget is the budget of this module.
func HouseBudget() Budget {
	return Budget{FileLines: 400, TestFileLines: 600, FunctionLines: 60, Parameters: 4}
}

// CheckSource holds the budget and the absence of global state in every Go file
// of a tree. Test files have only a length. An error is a file that cannot be
// read.
func CheckSource(tree fs.FS, b Budget) ([]Violation, error) {
	var found []Violation
	files := 0
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_")):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		files++
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		violations, err := checkFile(name, source, b)
		found = append(found, violations...)
		return err
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("no Go files: %w", fs.ErrNotExist)
	}
	return found, err
}

// file is one file being checked.
type file struct {
	name   string
	set    *token.FileSet
	budget Budget
	found  []Violation
}

func (f *file) report(n ast.Node, rule, format string, args ...any) {
	where := f.name
	if n != nil {
		where = fmt.Sprintf("%s:%d", f.name, f.set.Position(n.Pos()).Line)
	}
	f.found = append(f.found, Violation{rule, where, fmt.Sprintf(format, args...)})
}

func checkFile(name string, source []byte, b Budget) ([]Violation, error) {
	f := &file{name: name, set: token.NewFileSet(), budget: b}
	test := strings.HasSuffix(name, "_test.go")
	limit := b.FileLines
	if test {
		limit = b.TestFileLines
	}
	if lines := strings.Count(string(source), "\n"); lines > limit {
		f.report(nil, "small tail", "%d lines, at most %d: find the seam", lines, limit)
	}
	if test {
		return f.found, nil
	}
	tree, err := parser.ParseFile(f.set, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return f.found, err
	}
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.function(d)
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				f.variables(d)
			}
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if i, ok := n.(*ast.InterfaceType); ok {
			for _, m := range i.Methods.List {
				if signature, ok := m.Type.(*ast.FuncType); ok && len(m.Names) == 1 {
					f.parameters(m.Names[0], signature)
				}
			}
		}
		return true
	})
	return f.found, nil
}

func (f *file) function(d *ast.FuncDecl) {
	if d.Recv == nil && d.Name.Name == "init" {
		f.report(d, "no init", "init runs before anybody asked: let a constructor do it")
	}
	first, last := f.set.Position(d.Pos()).Line, f.set.Position(d.End()).Line
	if n := last - first + 1; n > f.budget.FunctionLines {
		f.report(d, "small tail", "%s has %d lines, at most %d: find the step with a name of its own", d.Name.Name, n, f.budget.FunctionLines)
	}
	f.parameters(d.Name, d.Type)
}

func (f *file) parameters(name *ast.Ident, signature *ast.FuncType) {
	n := 0
	for i, p := range signature.Params.List {
		switch {
		case isAmbient(p.Type):
		case i == 0 && givesBack(signature, p):
			n += len(p.Names) - 1
		default:
			n += max(1, len(p.Names))
		}
	}
	if n > f.budget.Parameters {
		f.report(name, "few parameters", "%s has %d parameters, at most %d: take an options struct", name.Name, n, f.budget.Parameters)
	}
}

// givesBack says whether a function's first result is what its first parameter
// becomes: a change of a value, which stands where a receiver would.
func givesBack(signature *ast.FuncType, first *ast.Field) bool {
	if signature.Results == nil || len(first.Names) == 0 {
		return false
	}
	from, ok := first.Type.(*ast.Ident)
	to, same := signature.Results.List[0].Type.(*ast.Ident)
	return ok && same && from.Name == to.Name && ast.IsExported(from.Name)
}

// isAmbient says whether a parameter of this type comes with the kind of
// function, as a context does.
func isAmbient(t ast.Expr) bool {
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	s := selector(t)
	return s == "context.Context" || s == "http.ResponseWriter" || s == "http.Request" || strings.HasPrefix(s, "testing.")
}
