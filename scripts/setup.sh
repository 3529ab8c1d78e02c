#!/bin/sh
# Finds a suitable Python and lets it make the environment: sh scripts/setup.sh [bench|train]
set -eu
cd "$(dirname "$0")/.."

# Python 3.13 or 3.12, able to make environments with pip in them.
suits='
import sys
if sys.version_info[:2] not in ((3, 13), (3, 12)):
    sys.exit(1)
import ensurepip, venv
'
which_python() {
    for candidate in "${PYTHON:-}" python3.13 python3.12 python3 python \
        "$HOME"/.pyenv/versions/3.13*/bin/python \
        "$HOME"/.pyenv/versions/3.12*/bin/python \
        "$HOME"/.local/share/uv/python/cpython-3.13*/bin/python3 \
        "$HOME"/.local/share/uv/python/cpython-3.12*/bin/python3 \
        /opt/homebrew/bin/python3.13 /usr/local/bin/python3.13 \
        /opt/homebrew/bin/python3.12 /usr/local/bin/python3.12; do
        if [ -n "$candidate" ] && "$candidate" -I -c "$suits" >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
}

HOME="${HOME:-/nonexistent}"
python="$(which_python)"
if [ -z "$python" ]; then
    cat >&2 <<'SAY'
easymo needs Python 3.13 (3.12 works too) with its venv module, and found none.
Install it, then run the same command again:
  Debian, Ubuntu   apt install python3.13 python3.13-venv   (or python3.12 …)
  Fedora           dnf install python3.13
  macOS            brew install python@3.13
  anywhere         uv python install 3.13    https://docs.astral.sh/uv/
Or name one yourself: PYTHON=/path/to/python3.13 make run
SAY
    exit 1
fi
exec "$python" -I scripts/setup.py "$@"
