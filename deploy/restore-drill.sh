#!/bin/sh
# Restores a backup into an empty database and shows that it works:
#   sh deploy/restore-drill.sh BACKUP.dump postgresql://role:password@host:5432/empty_database
# Uses EASYMO_KEYS and SECRET_KEY of the environment or .env, as the product does. The role
# may be another one than before. Everything is printed; the first failure ends it.
# With --reply before BACKUP.dump it also turns the features on, starts web and worker
# without any provider, and has a message through the signed webhook answered. For drills
# only: messages that waited in the backup count as sent then, so do not use the database.
set -eu
reply=
if [ "${1:-}" = --reply ]; then
    reply=yes
    shift
fi
if [ "$#" != 2 ]; then
    sed -n '2,8p' "$0" >&2
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
web= worker=
finish() {
    rm -f "$list"
    for process in $web $worker; do
        kill "$process" 2>/dev/null && wait "$process" || true
    done
}
trap finish EXIT
trap 'exit 1' INT TERM
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
if [ -n "$reply" ]; then
    say "Starting web and worker without providers"
    # Set and empty: .env does not fill them in. Nothing leaves this machine.
    export WA_TOKEN= OPENAI_API_KEY= LEGACY_WEBHOOK_URL= SLACK_WEBHOOK_URL= EMAIL_URL= \
        ALERT_EMAILS= AUDIT_CHECKPOINT_EMAILS= SENTRY_DSN= ENABLE_OTEL_TRACING= \
        PROBE_URL= OPENAI_WEBHOOK_SECRET=
    export WA_APP_SECRET="${WA_APP_SECRET:-secret-of-this-drill}" HOST=127.0.0.1
    PORT=$("$python" -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
    export PORT
    "$python" manage.py flags set FEATURE_AGENT_CHAT=on FEATURE_AGENT_VOUCHERS=on \
        FEATURE_AGENT_CUSTOMER_LOOKUP=on --reason "restore drill" --override >/dev/null
    "$python" -m easymo.web.server >/dev/null 2>&1 &
    web=$!
    "$python" manage.py procrastinate worker >/dev/null 2>&1 &
    worker=$!
    "$python" -c '
import sys, time, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
end = time.monotonic() + 90
for path in ("/readyz", "/readyz/workers"):
    while True:
        try:
            opener.open(f"http://127.0.0.1:{sys.argv[1]}{path}", timeout=5).close()
            break
        except OSError as error:
            if time.monotonic() > end:
                sys.exit(f"failed  {path}: {error}")
            time.sleep(0.2)' "$PORT"
    say "Sending messages through the signed webhook, as people of the smoke tests"
    { "$python" manage.py smoke --json 2>/dev/null || true; } | "$python" -c '
import json, sys
cases = json.load(sys.stdin)["cases"]
asked = [case for case in cases if case["name"].startswith("whatsapp.")]
for case in asked:
    print("{status}  {name}: {detail}".format(**case))
sys.exit(0 if asked and all(case["status"] == "ok" for case in asked) else 1)'
    say "Restored and answered. Drop this database: it was a drill."
    exit 0
fi
say "Restored: point DATABASE_URL at it, start web and worker, and run manage.py smoke."
