package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// layers shows the files of over where it has them, else those of base.
type layers struct{ over, base fs.FS }

// Open implements fs.FS for files.
func (l layers) Open(name string) (fs.File, error) {
	if l.over != nil {
		f, err := l.over.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return l.base.Open(name)
}

// list returns the names of the templates in a folder of either layer, sorted.
func (l layers) list(folder string) ([]string, error) {
	var names []string
	for _, tree := range []fs.FS{l.over, l.base} {
		in, err := templatesIn(tree, folder)
		if err != nil {
			return nil, err
		}
		names = append(names, in...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func templatesIn(tree fs.FS, folder string) ([]string, error) {
	if tree == nil {
		return nil, nil
	}
	entries, err := fs.ReadDir(tree, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	var names []string
	for _, e := range entries {
		if ext := path.Ext(e.Name()); !e.IsDir() && (ext == ".html" || ext == ".txt") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// replacesSomething holds an override to templates that stand for an embedded one.
// Shared files, which start with an underscore, may be new.
func replacesSomething(override fs.FS) error {
	var errs []error
	for _, folder := range []string{"mail", "web"} {
		names, err := templatesIn(override, folder)
		if err != nil {
			return err
		}
		for _, name := range names {
			if _, err := fs.Stat(embedded, folder+"/"+name); err != nil && name[0] != '_' {
				errs = append(errs, fmt.Errorf("template %s/%s: replaces no template of ours: check its name", folder, name))
			}
		}
	}
	return errors.Join(errs...)
}
