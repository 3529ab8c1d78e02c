#!/bin/sh
# Pins requirements/*.in with hashes, for every supported Python and system.
set -eu
cd "$(dirname "$0")/.."
if ! command -v uv >/dev/null 2>&1; then
    echo "make lock needs uv: https://docs.astral.sh/uv/" >&2
    exit 1
fi
for kind in main dev bench train; do
    uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
        --no-header --upgrade "requirements/$kind.in" -o "requirements/$kind.txt"
done
