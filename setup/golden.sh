#!/bin/sh
# Writes every golden file anew. Read the difference in git before committing.
set -eu
cd "$(dirname "$0")/.."

./setup/install.sh jekyll ruby-jekyll-feed
./posts/testdata/oracle/regenerate.sh

# Test binaries know different flags; each package is given the one it has.
for flag in update update-content; do
	packages=$(grep -rlE "flag\\.Bool\\(\"$flag\"" --include='*_test.go' . | xargs -r -n1 dirname | sort -u)
	if [ "$flag" = update ]; then
		packages="$packages $(grep -rlE 'internal/golden"$' --include='*_test.go' . | xargs -r -n1 dirname | sort -u)"
	fi
	# shellcheck disable=SC2086 # a list of words
	go test $packages "-$flag"
done
