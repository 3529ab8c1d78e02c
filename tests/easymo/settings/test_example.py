"""`.env.example` lists exactly the settings that there are."""

from __future__ import annotations

import json
import re

from tests.processes import ROOT, run

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
NAME = re.compile(r"^# ([A-Z][A-Z0-9_]+)=", re.MULTILINE)
# Names that deployments rely on: they never change.
PROMISED = """
DATABASE_URL DATABASE_LISTEN_URL DATABASE_SCHEMA DATABASE_OWNER_URL SECRET_KEY DEBUG
ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS LOG_LEVEL HTTPS_ONLY EASYMO_KEYS OPENAI_API_KEY
OPENAI_BASE_URL OPENAI_RESPONSES_MODEL OPENAI_REALTIME_MODEL OPENAI_WEBHOOK_SECRET
OPENAI_TIMEOUT_S WA_PHONE_ID WA_TOKEN WA_APP_SECRET WA_VERIFY_TOKEN WHATSAPP_API_URL
WA_TEMPLATE_VOUCHER_ISSUED WA_TEMPLATE_STATION_NOTICE SIP_TRUNK_URI SIP_TRUNK_USERNAME
SIP_TRUNK_PASSWORD VOICE_FALLBACK_URI SUPABASE_URL SUPABASE_ANON_KEY
SUPABASE_SERVICE_ROLE_KEY AGENT_CORE_INTERNAL_TOKEN AGENT_CORE_INTERNAL_SCOPES
AGENT_CORE_INTERNAL_STATION FEATURE_AGENT_CHAT FEATURE_AGENT_VOICE
FEATURE_AGENT_VOUCHERS FEATURE_AGENT_CUSTOMER_LOOKUP LEGACY_WEBHOOK_URL
LEGACY_WEBHOOK_SECRET SIMULATOR_ENABLED VOUCHER_MAX VOUCHER_ISSUER_DAILY
VOUCHER_CUSTOMER_DAILY VOUCHER_CONFIRM_ABOVE VOUCHER_APPROVE_ABOVE VOUCHER_VALID_DAYS
VOUCHER_CURRENCIES SENTRY_DSN ENABLE_OTEL_TRACING OTEL_EXPORTER_OTLP_ENDPOINT
OTEL_SERVICE_NAME METRICS_TOKEN SLACK_WEBHOOK_URL EMAIL_URL ALERT_EMAILS PORT
"""
READ = """
import json, os, sys
names, get = set(), os.environ.get
def noted(name, default=None):
    if sys._getframe(1).f_code.co_name == "env_str":
        names.add(name)
    return get(name, default)
os.environ.get = noted
import easymo.settings
print(json.dumps(sorted(names)))
"""


def listed() -> set[str]:
    return set(NAME.findall(EXAMPLE))


def read() -> set[str]:
    names: list[str] = json.loads(
        run("-c", READ, DATABASE_URL="postgresql://easymo@localhost/easymo")
    )
    return {n for n in names if not n.endswith("_FILE")}


def test_example__settings_that_are_read__are_those_listed() -> None:
    found = read()

    assert found - listed() == set()
    assert listed() - found == set()


def test_example__every_promised_name__is_listed() -> None:
    assert set(PROMISED.split()) - listed() == set()


def test_example__each_name__once_and_under_a_comment() -> None:
    names = NAME.findall(EXAMPLE)
    assert len(names) == len(set(names))
    lines = EXAMPLE.splitlines()
    for name in names:
        at = next(i for i, line in enumerate(lines) if line.startswith(f"# {name}="))
        while NAME.match(lines[at]):
            at -= 1
        assert re.match(r"# .*[a-z]", lines[at]), f"{name} stands without a comment"
