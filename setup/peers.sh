#!/bin/sh
# Brings the programs that the peer tests hold us against: the generator that we
# read after, readers of feeds, a browser, a validator of XML.
set -eu
cd "$(dirname "$0")"
./install.sh jekyll ruby-jekyll-feed chromium fonts-noto-cjk python3-feedparser python3-html5lib newsboat libxml2-utils
