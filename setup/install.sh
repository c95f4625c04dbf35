#!/bin/sh
# Installs what is missing of the Debian packages named: install.sh PACKAGE...
set -eu

missing=
for package; do
	case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true) in
	*'ok installed') ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

as_root=
if ! command -v apt-get >/dev/null; then
	echo "The tests need$missing. There is no apt-get here: install them your own way." >&2
	exit 1
elif [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		echo "The tests need$missing. Nobody here may install them: run 'apt-get install$missing' as root." >&2
		exit 1
	fi
	as_root='sudo -n'
fi

echo "Installing$missing" >&2
$as_root apt-get update -q
# shellcheck disable=SC2086 # both are lists of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
