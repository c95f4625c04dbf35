package posts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// source is a file that may be a post.
type source struct {
	path  string
	draft bool
	name  postName
	stamp stamp
}

// postName is what a file's name says of a post.
type postName struct {
	date string // as written; "" for a draft that has none
	slug string
	ext  string
}

// parsePostName takes YYYY-MM-DD-title.ext apart. Years of two digits and
// months and days of one pass.
func parsePostName(base string) (postName, bool) {
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 || dot == len(base)-1 {
		return postName{}, false
	}
	at := 0
	for i, most := range [3]int{4, 2, 2} {
		start := at
		for at < dot && at-start < most && '0' <= base[at] && base[at] <= '9' {
			at++
		}
		least := 1
		if i == 0 {
			least = 2
		}
		if at-start < least || at >= dot || base[at] != '-' {
			return postName{}, false
		}
		at++
	}
	return postName{date: base[:at-1], slug: base[at:dot], ext: base[dot:]}, true
}

// parseDraftName is for drafts, whose names need no date.
func parseDraftName(base string) (postName, bool) {
	if n, ok := parsePostName(base); ok {
		return n, true
	}
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 || dot == len(base)-1 {
		return postName{}, false
	}
	return postName{slug: base[:dot], ext: base[dot:]}, true
}

// walker collects the posts' files of a tree.
type walker struct {
	fsys             fs.FS
	site             *Site
	include, exclude []string // rooted
	sources          []source
	folders          map[string]string // of posts, and which _posts or _drafts each belongs to
	diags            []Diagnostic
}

func newWalker(fsys fs.FS, site *Site) *walker {
	return &walker{
		fsys: fsys, site: site, include: rooted(site.Include), exclude: rooted(site.Exclude),
		folders: make(map[string]string),
	}
}

// maxDepth ends a walk through symbolic links that go round in circles.
const maxDepth = 40

// walk reads a folder of the site: its _posts and _drafts, then its folders.
// dir is "." for the root. above are the folders that led here.
func (w *walker) walk(ctx context.Context, dir string, above []fs.FileInfo) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(w.fsys, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && dir != ".":
		return nil
	case errors.Is(err, fs.ErrPermission) && dir != ".":
		w.warn(dir, "cannot be read, so nothing below it is: expected a readable folder, or an entry in exclude")
		return nil
	case err != nil:
		return fmt.Errorf("read the site's folders: %w", err)
	}
	for _, e := range entries {
		sub := path.Join(dir, e.Name())
		switch {
		case !w.isDir(e, sub):
		case e.Name() == "_posts" && w.insideCollections(dir),
			e.Name() == "_drafts" && w.insideCollections(dir) && w.site.ShowDrafts:
			if err := w.collect(ctx, folder{root: sub, dir: sub}); err != nil {
				return err
			}
		}
		if sub == w.site.Destination || !w.isDir(e, sub) || !w.keeps(dir, e.Name(), true) {
			continue
		}
		info, err := fs.Stat(w.fsys, sub)
		if err != nil {
			continue
		}
		if len(above) >= maxDepth || circular(info, above) {
			w.warn(sub, "leads back to a folder above it: expected a tree")
			continue
		}
		if err := w.walk(ctx, sub, append(above[:len(above):len(above)], info)); err != nil {
			return err
		}
	}
	return nil
}

func circular(info fs.FileInfo, above []fs.FileInfo) bool {
	for _, a := range above {
		if os.SameFile(a, info) {
			return true
		}
	}
	return false
}

func (w *walker) warn(path, msg string) {
	w.diags = append(w.diags, Diagnostic{Path: path, Severity: Warning, Message: msg})
}

// isDir follows a symbolic link.
func (w *walker) isDir(e fs.DirEntry, file string) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := fs.Stat(w.fsys, file)
	return err == nil && info.IsDir()
}

// insideCollections says whether a folder's _posts count. As in Jekyll the
// configured folder is a prefix.
func (w *walker) insideCollections(dir string) bool {
	return strings.HasPrefix(dir, w.site.CollectionsDir)
}

// folder is a _posts or _drafts folder, or one below it.
type folder struct{ root, dir string }

// collect lists the files of a _posts or _drafts folder and of the real folders
// below it; Jekyll's glob does not follow links to folders there. Failing to
// read one is an error: its posts have not vanished.
func (w *walker) collect(ctx context.Context, f folder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(w.fsys, f.dir)
	if err != nil {
		return fmt.Errorf("read the site's posts: %w", err)
	}
	w.folders[f.dir] = f.root
	w.sources = slices.Grow(w.sources, len(entries))
	for _, e := range entries {
		file := f.dir + "/" + e.Name()
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if e.IsDir() {
			if err := w.collect(ctx, folder{f.root, file}); err != nil {
				return err
			}
			continue
		}
		if w.isDir(e, file) {
			continue
		}
		w.take(f.root, file, func() (fs.FileInfo, error) {
			if e.Type()&fs.ModeSymlink != 0 {
				return fs.Stat(w.fsys, file)
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil, nil // vanished since the folder was read
			}
			return info, err
		})
	}
	return nil
}

// take makes a file of a folder of posts a source if its name says that it is a
// post. stat is asked for no other file; nil means that it is gone.
func (w *walker) take(root, file string, stat func() (fs.FileInfo, error)) {
	if !w.keeps(root, file[len(root)+1:], false) {
		return
	}
	draft := path.Base(root) == "_drafts"
	parse, expected := parsePostName, "expected YYYY-MM-DD-title.ext"
	if draft {
		parse, expected = parseDraftName, "expected title.ext"
	}
	name, ok := parse(file[strings.LastIndexByte(file, '/')+1:])
	if !ok {
		w.warn(file, "is no post by its name and is ignored: "+expected)
		return
	}
	if name.ext == ".yml" || name.ext == ".yaml" {
		w.warn(file, "is a data file and no post: expected Markdown or HTML")
		return
	}
	info, err := stat()
	switch {
	case err == nil && info == nil:
	case err != nil:
		w.fail(file, "cannot be read: expected a readable file ("+cause(err)+")")
	case !info.Mode().IsRegular():
		w.fail(file, "is no regular file: expected one")
	default:
		w.sources = append(w.sources, source{path: file, draft: draft, name: name, stamp: stampOf(info)})
	}
}

func (w *walker) fail(path, msg string) {
	w.diags = append(w.diags, Diagnostic{Path: path, Severity: Error, Message: msg})
}

// cause is an error without the path, which the diagnostic gives.
func cause(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// keeps is Jekyll's filter of names: entry is relative to base. What is
// included explicitly stays, what is excluded, special or a backup goes.
func (w *walker) keeps(base, entry string, dir bool) bool {
	if strings.HasSuffix(entry, ".") {
		return false
	}
	full := "/" + path.Join(base, entry)
	relative, name := full[len(full)-len(entry)-1:], full[strings.LastIndexByte(full, '/'):]
	if matchesAny(w.include, relative, dir) || matchesAny(w.include, name, dir) {
		return true
	}
	return !isSpecial(entry) && !isSpecial(name[1:]) && !strings.HasSuffix(entry, "~") && !matchesAny(w.exclude, full, dir)
}

func isSpecial(name string) bool { return strings.IndexByte("._#~", name[0]) >= 0 }

// rooted lets globs start at the site's root, as Jekyll compares them.
func rooted(globs []string) []string {
	out := make([]string, len(globs))
	for i, glob := range globs {
		out[i] = "/" + strings.TrimLeft(glob, "/")
	}
	return out
}

// matchesAny says whether one of the globs stands for the file, is a prefix of
// its path, or names it as a folder. Both begin with a slash.
func matchesAny(globs []string, file string, dir bool) bool {
	for _, glob := range globs {
		if strings.HasPrefix(file, glob) || dir && glob == file+"/" ||
			strings.ContainsAny(glob, `*?[\`) && fnmatch(glob, file) {
			return true
		}
	}
	return false
}
