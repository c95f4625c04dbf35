#!/bin/sh
# Runs every fuzz target for a while: fuzz.sh [TIME [PATTERN]]. What one finds is
# in testdata/fuzz beside it, from then on a test of its own. That there are none
# is a failure.
set -eu
cd "$(dirname "$0")/.."
time=${1:-30s} pattern=${2:-.}

targets=$(grep -rnoE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' . | sed -E 's|/[^/]*_test\.go:[0-9]+:func | |' | grep -E "$pattern" | sort)
[ -n "$targets" ] || {
	echo "no test file has a fuzz target like $pattern" >&2
	exit 1
}
echo "$targets" | while read -r package name; do
	echo "$package $name" >&2
	go test "$package" -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 10x
done
