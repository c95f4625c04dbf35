package main

import (
	"slices"
	"strings"
	"testing"
)

func TestFlagsFirst(t *testing.T) {
	app := newApp(streams{})
	for _, tt := range []struct{ name, in, want string }{
		{"nothing to move", "enshi serve --site x", "enshi serve --site x"},
		{"flags after the argument", "enshi subscribers add a@b.cn --cadence daily", "enshi subscribers add --cadence daily a@b.cn"},
		{"global flags on both sides", "enshi --site x subscribers add a@b.cn --data y", "enshi --site x subscribers add --data y a@b.cn"},
		{"a flag without a value takes none", "enshi subscribers import f.csv --dry-run --consent ja", "enshi subscribers import --dry-run --consent ja f.csv"},
		{"with an equals sign", "enshi subscribers add a@b.cn --cadence=daily", "enshi subscribers add --cadence=daily a@b.cn"},
		{"a dash alone is an argument", "enshi subscribers import - --dry-run", "enshi subscribers import --dry-run -"},
		{"what follows two dashes stays", "enshi subscribers add -- --odd@b.cn", "enshi subscribers add -- --odd@b.cn"},
		{"an unknown flag stays a flag", "enshi subscribers add a@b.cn --nope", "enshi subscribers add --nope a@b.cn"},
		{"an unknown command", "enshi nope --site x", "enshi --site x nope"},
		{"the name alone", "enshi", "enshi"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := flagsFirst(app, strings.Fields(tt.in)); !slices.Equal(got, strings.Fields(tt.want)) {
				t.Errorf("flagsFirst(%s) = %s, want %s", tt.in, strings.Join(got, " "), tt.want)
			}
		})
	}
}
