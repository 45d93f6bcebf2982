#!/usr/bin/env bash
# Draws the gallery again: runs every shipped scenario and keeps its pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for file in scenarios/*.toml; do
    name=$(basename "$file" .toml)
    hopsim run "$file" --out "$out"
    mkdir -p "figures/$name"
    cp "$out/$name"-*/*.png "figures/$name/"
done
