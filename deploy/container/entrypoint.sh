#!/bin/sh
# The commands of the image: web, worker, migrate, check, keys, health, or any program.
set -eu
cd /app
case "${1:-web}" in
web) exec python -m easymo.web.server ;;
worker) shift; exec python manage.py procrastinate worker "$@" ;;
migrate) shift; exec python manage.py migrate --no-input "$@" ;;
check) shift; exec python manage.py preflight "$@" ;;
demo) shift; exec python manage.py demo "$@" ;;
keys)
    # Makes the two secrets once, for SECRET_KEY_FILE and EASYMO_KEYS_FILE.
    umask 077
    python - "${2:-/keys}" <<'PYTHON'
import base64, os, pathlib, secrets, sys
folder = pathlib.Path(sys.argv[1])
made = {
    "secret_key": secrets.token_urlsafe(48),
    "easymo_keys": "k1:" + base64.b64encode(os.urandom(32)).decode(),
}
for name, text in made.items():
    if not (folder / name).exists():
        part = folder / f".{name}"
        part.write_text(text)
        part.rename(folder / name)
PYTHON
    ;;
health)
    # Of the web process; the other processes prove their life in the database.
    exec python -c 'import os, urllib.request as r
r.urlopen("http://127.0.0.1:%s/healthz" % os.environ.get("PORT", "8000"), timeout=2)'
    ;;
*) exec "$@" ;;
esac
