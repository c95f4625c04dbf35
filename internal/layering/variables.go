package layering

import (
	"go/ast"
	"go/token"
	"strings"
)

// variables holds that nothing at package level can change: errors, regular
// expressions, scripts, embedded files, interface checks and fixed lists alone.
func (f *file) variables(d *ast.GenDecl) {
	const rule = "no globals"
	for _, s := range d.Specs {
		spec := s.(*ast.ValueSpec)
		if isEmbed(d.Doc) || isEmbed(spec.Doc) {
			continue
		}
		for i, name := range spec.Names {
			var value ast.Expr
			if i < len(spec.Values) {
				value = spec.Values[i]
			}
			if name.Name != "_" && !isFixed(name.Name, value) && !f.isFlag(name.Name) {
				f.report(name, rule, "var %s can change: pass it through Options, or make it a constant or a function", name.Name)
			}
		}
	}
}

func isEmbed(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// isFlag says whether it is the one flag of our tests, which must be known
// before a test binary reads its arguments.
func (f *file) isFlag(name string) bool {
	return f.name == "internal/golden/golden.go" && name == "update"
}

func isFixed(name string, value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.CallExpr:
		switch called := selector(v.Fun); called {
		case "errors.New", "fmt.Errorf":
			return strings.HasPrefix(strings.ToLower(name), "err")
		case "regexp.MustCompile", "redis.NewScript":
			return true
		}
	case *ast.CompositeLit:
		// [...]T: its length is fixed, and a copy is what others get of it.
		if array, ok := v.Type.(*ast.ArrayType); ok {
			_, counted := array.Len.(*ast.Ellipsis)
			return counted && constants(v.Elts)
		}
	}
	return false
}

// constants says whether all elements are names, literals or structs of them.
func constants(elements []ast.Expr) bool {
	for _, e := range elements {
		switch e := e.(type) {
		case *ast.Ident, *ast.BasicLit, *ast.SelectorExpr:
		case *ast.KeyValueExpr:
			if !constants([]ast.Expr{e.Value}) {
				return false
			}
		case *ast.CompositeLit:
			if !constants(e.Elts) {
				return false
			}
		case *ast.UnaryExpr:
			if e.Op == token.AND || !constants([]ast.Expr{e.X}) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// selector writes x.y as it stands, anything else as "".
func selector(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + s.Sel.Name
}
