#!/bin/sh
# Runs Jekyll over every trap site and writes down what it makes of each post.
# Needs Debian's jekyll and ruby-jekyll-feed.
set -eu
cd "$(dirname "$0")"
here=$(pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The date of a draft without one is its file's: the test uses the same moment.
find publish -path '*_drafts/*' -exec touch -d '2020-09-13T12:26:40Z' {} +

build() { # source configs output
	ORACLE_OUT="$3" LANG=C.UTF-8 jekyll build --quiet --disable-disk-cache \
		--source "$1" --config "$2" --destination "$tmp/out" --plugins "$here/plugin"
}

for config in */_config.yml; do
	site=${config%/_config.yml}
	variants=$(find "$site" -maxdepth 1 -name '_config.*.yml' | sort)
	[ -n "$variants" ] || build "$site" "$site/_config.yml" "$here/$site.golden.json"
	for variant in $variants; do
		name=${variant#"$site"/_config.}
		build "$site" "$site/_config.yml,$variant" "$here/$site.${name%.yml}.golden.json"
	done
done

for kind in bad good; do
	for post in "$kind"/*.md; do
		rm -rf "$tmp/alone" "$tmp/alone.json"
		mkdir -p "$tmp/alone/_posts"
		printf 'timezone: Asia/Shanghai\nfuture: true\n' >"$tmp/alone/_config.yml"
		cp "$post" "$tmp/alone/_posts/"
		if build "$tmp/alone" "$tmp/alone/_config.yml" "$tmp/alone.json" >/dev/null 2>&1; then
			outcome=$(ruby -rjson -e 'p = JSON.parse(File.read(ARGV[0])); puts p.empty? ? "skipped" : "published as " + p[0]["title"]' "$tmp/alone.json")
		else
			outcome="stops the build"
		fi
		printf '%s\t%s\n' "$post" "$outcome"
	done
done >alone.golden.txt
