#!/bin/sh
# Runs the tests of every package that has some behind the build tag "peers".
# That there are none is a failure: the pattern has gone stale.
set -eu
cd "$(dirname "$0")/.."
packages=$(grep -rlE '^//go:build peers$' --include='*_test.go' . | xargs -r -n1 dirname | sort -u)
[ -n "$packages" ] || {
	echo "no test file has the build tag peers" >&2
	exit 1
}
# shellcheck disable=SC2086 # a list of words
go vet -tags peers $packages
# shellcheck disable=SC2086
exec go test -tags peers -shuffle=on -timeout 30m $packages
