#!/bin/sh
# Reads names of packages, and prints those that this system can install. Ubuntu has Chromium as a snap only; the browser
# tests take the Chrome that its machines on GitHub come with.
while read -r name; do
    if apt-cache policy "$name" | grep -q 'Candidate: [^(]'; then
        echo "$name"
    else
        echo "$name: not a package of this system" >&2
    fi
done
