// Command corpus writes a Jekyll site of invented Chinese news posts, as large
// as asked, for measurements and for everybody who wants to see how enshi does
// with theirs.
//
// Post i depends on the seed and on i alone: a larger site begins with the posts
// of a smaller one, and the same command always writes the same bytes. A file's
// time is its post's date.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const usage = "usage: corpus [-from I] N DIR [SEED]"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

// run writes posts I to I+N-1 to DIR/_posts, and DIR/_config.yml.
func run(args []string) error {
	from := 0
	if len(args) > 1 && args[0] == "-from" {
		i, err := strconv.Atoi(args[1])
		if err != nil || i < 0 {
			return fmt.Errorf("-from %s: expected a number from 0 on", args[1])
		}
		from, args = i, args[2:]
	}
	if len(args) < 2 || len(args) > 3 {
		return errors.New(usage)
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 0 {
		return fmt.Errorf("number of posts %q: expected 0 or more", args[0])
	}
	seed := uint64(1)
	if len(args) == 3 {
		if seed, err = strconv.ParseUint(args[2], 10, 64); err != nil {
			return fmt.Errorf("seed %q: expected a number from 0 on", args[2])
		}
	}
	return write(newGenerator(seed), args[1], from, n)
}

// config is the site's own: what its posts link to is below url.
const config = `title: 山城新闻
description: 一座山城的新闻
url: https://news.example
lang: zh-Hans
timezone: Asia/Shanghai
permalink: /:categories/:year/:month/:day/:title.html
`

func write(g *generator, dir string, from, n int) error {
	folder := filepath.Join(dir, "_posts")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "_config.yml"), []byte(config), 0o666); err != nil {
		return err
	}
	for i := from; i < from+n; i++ {
		p := g.post(i)
		name := filepath.Join(folder, p.name)
		if err := os.WriteFile(name, p.text, 0o666); err != nil {
			return err
		}
		if err := os.Chtimes(name, p.date, p.date); err != nil {
			return err
		}
	}
	return nil
}
