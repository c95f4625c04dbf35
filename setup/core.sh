#!/bin/sh
# Brings what the core tests need: a redis-server, and the C compiler that the
# race detector is linked with. Where both are there already, from wherever they
# came, nothing is asked of the system.
set -eu
cd "$(dirname "$0")"

command -v go >/dev/null || {
	echo "There is no go command. The version needed stands in go.mod." >&2
	exit 1
}
packages=
command -v redis-server >/dev/null || packages=redis-server
command -v "$(go env CC)" >/dev/null || packages="$packages gcc libc6-dev"
# shellcheck disable=SC2086 # a list of words
./install.sh $packages
