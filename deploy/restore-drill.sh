#!/bin/sh
# Restores a backup into an empty database and shows that it works:
#   sh deploy/restore-drill.sh BACKUP.dump postgresql://role:password@host:5432/empty_database
# Uses EASYMO_KEYS and SECRET_KEY of the environment or .env, as the product does. The role
# may be another one than before. Everything is printed; the first failure ends it.
set -eu
if [ "$#" != 2 ]; then
    sed -n '2,5p' "$0" >&2
    exit 2
fi
dump=$1
export DATABASE_URL=$2
unset DATABASE_OWNER_URL DATABASE_LISTEN_URL || true
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
began=$(date +%s)
say() { printf '%s s  %s\n' "$(($(date +%s) - began))" "$*"; }

tables=$(psql -XAtc "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')" "$DATABASE_URL")
if [ "$tables" != 0 ]; then
    echo "The database has $tables tables. Name an empty one: nothing was changed." >&2
    exit 1
fi
say "Restoring $dump"
list=$(mktemp)
trap 'rm -f "$list"' EXIT
# The policies name the former role. The migration makes them again for this one.
pg_restore --list "$dump" | grep -v ' POLICY ' >"$list"
pg_restore --exit-on-error --no-owner --no-privileges --use-list "$list" \
    --dbname "$DATABASE_URL" "$dump"
say "Preparing role, privileges and row security"
"$python" manage.py migrate --verbosity 0
say "Verifying every voucher's trail"
"$python" manage.py audit verify
say "Asking for the keys of all issued codes, and whether the schema is closed"
"$python" manage.py preflight --json 2>/dev/null | "$python" -c '
import json, sys
wanted = {"database.reachable", "database.tables", "vouchers.codes"}
lines = {line["name"]: line for line in json.load(sys.stdin)["checks"]}
bad = [lines[name] for name in sorted(wanted) if lines[name]["status"] != "ok"]
for line in bad:
    print("failed  {name}: {detail}".format(**line))
sys.exit(1 if bad else 0)'
say "Restored: point DATABASE_URL at it, start web and worker, and run manage.py smoke."
