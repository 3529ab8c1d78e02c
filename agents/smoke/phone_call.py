"""The smoke test of the phone: a call of a sandbox person, from webhook to provider.

OpenAI knows no call of this id and says so: that it was asked shows that webhook,
queue, decision, key and provider work. Nothing rings, and it costs nothing.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING

from django.conf import settings

from agents.calls.providers import provider_for
from agents.calls.reasons import EndReason
from agents.models import Call
from agents.smoke import deployment, evidence, people
from agents.smoke.deployment import SmokeFailure
from easymo import keys
from easymo.observability.lines import MARK
from rollout.core.features import Feature
from rollout.flags.exposure import is_on_for_anyone

if TYPE_CHECKING:
    from uuid import UUID

DECIDED_WITHIN_S = 20.0
STILL_OPEN = (Call.State.RINGING, Call.State.ACCEPTING, Call.State.REJECTING)


def why_skipped() -> str:
    """Return why a deployment has no phone to test."""
    if not is_on_for_anyone(Feature.VOICE):
        return "Voice is off."
    if provider_for(Call(is_synthetic=True)) is None:
        return "OPENAI_API_KEY is not set: no calls are taken."
    return ""


def call(url: str | None, is_probe: bool) -> str:
    """Let a call ring; return what became of it."""
    evidence.require_worker()
    cause = keys.make_marked_id(MARK)
    number = str(people.customer().msisdn)
    deployment.post_realtime_webhook(url=url, body=_body(number), correlation_id=cause)
    row = evidence.poll(lambda: _decided(cause), seconds=DECIDED_WITHIN_S)
    if row is None:
        raise SmokeFailure(
            f"The call was not decided within {DECIDED_WITHIN_S:g} s.", evidence.WORKER
        )
    _check(row)
    lines = evidence.check_lines(
        cause,
        events=["ai.realtime.webhook.received"],
        hidden=[number[1:], number[4:]],
    )
    return f"The call was decided and asked for; {lines} log lines, all masked."


def _body(number: str) -> bytes:
    sender = f"<sip:{number}@smoke.invalid>;tag=1"
    return json.dumps(
        {
            "id": f"evt_{secrets.token_hex(8)}",
            "object": "event",
            "type": "realtime.call.incoming",
            "created_at": int(time.time()),
            "data": {
                "call_id": f"rtc_smoke_{secrets.token_hex(12)}",
                "sip_headers": [{"name": "From", "value": sender}],
            },
        }
    ).encode()


def _decided(cause: UUID) -> Call | None:
    found = Call.objects.filter(correlation_id=cause)
    return found.exclude(state__in=STILL_OPEN).first()


def _check(row: Call) -> None:
    """Raise where the call was not asked for, or the provider refused the request."""
    if row.accepted_at is not None or row.reason == EndReason.CALLER_GONE:
        return
    raise SmokeFailure(
        f"The call was not taken ({row.reason}).",
        f"See OPENAI_API_KEY, {settings.OPENAI_REALTIME_MODEL} and the call's page.",
    )
