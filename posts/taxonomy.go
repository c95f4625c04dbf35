package posts

import (
	"slices"
	"strings"
)

// categoriesOf are the path's, then those of categories, then category. A
// string under categories is split at white space, one under category is not.
// Addresses are made of these names; interned makes of them what is followed.
func categoriesOf(fromPath []string, fm fields) []string {
	names := slices.Clone(fromPath)
	if v, ok := fm.get("categories"); ok {
		names = append(names, words(v, true)...)
	}
	if v, ok := fm.get("category"); ok && v.truthy() {
		names = append(names, words(v, false)...)
	}
	return names
}

// tagsOf are those of tag if there is one, else those of tags.
func tagsOf(fm fields) []string {
	if v, ok := fm.get("tag"); ok && v.truthy() {
		return words(v, false)
	}
	v, _ := fm.get("tags")
	return words(v, true)
}

// words lists the names under a key. Only ASCII white space separates: 乙　丙,
// with an ideographic space, is one tag.
func words(v value, split bool) []string {
	var names []string
	switch v.kind {
	case list:
		for _, item := range v.items {
			names = append(names, words(item, false)...)
		}
	case scalar:
		if s := v.str(); split {
			names = strings.FieldsFunc(s, isASCIISpace)
		} else {
			names = []string{s}
		}
	}
	return names
}

func isASCIISpace(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' || r == 0 }

// pathCategories are the folders above _posts. As in Jekyll everything from the
// first "_posts" on goes, also in the middle of a folder's name.
func pathCategories(relative, special string) []string {
	above, _, ok := strings.Cut(relative, special)
	if !ok || above == "" {
		return nil
	}
	return strings.FieldsFunc(above, func(r rune) bool { return r == '/' })
}

func uniqueNames(names []string) []string {
	kept := names[:0]
	for _, name := range names {
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return kept
}
