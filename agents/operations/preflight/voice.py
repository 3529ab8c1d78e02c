"""Pre-flight lines of the phone: trunk, webhook, and how long all models are kept."""

from __future__ import annotations

import io
import json
import re
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.utils import timezone

from agents.api.realtime_endpoint import RealtimeWebhook
from agents.calls.prices import Usage, price_of_response
from agents.llm.pricing import PRICE_VERSION
from agents.models import RealtimeEvent
from agents.realtime import signature
from agents.realtime.rest import TARGET
from agents.realtime.session import TRANSCRIPTION_MODEL, VOICES
from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    skipped,
    warning,
)
from rollout.core.features import Feature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VOICE = ("SIP_TRUNK_URI", "SIP_TRUNK_USERNAME", "SIP_TRUNK_PASSWORD")


@line(
    "voice.sip",
    "The SIP trunk's credentials are configured",
    Section.ENVIRONMENT,
    place=9,
)
def voice_is_set_up(circumstances: Circumstances) -> LineResult:
    missing = [name for name in VOICE if not getattr(settings, name)]
    if len(missing) == len(VOICE):
        return _without_trunk(circumstances)
    if missing:
        return failed(
            f"Not set: {', '.join(missing)}.",
            "The trunk's provider tells all three.",
            missing[0],
        )
    if not settings.SIP_TRUNK_URI.startswith(("sip:", "sips:")):
        return failed(
            "SIP_TRUNK_URI is no SIP address.", "It begins with sip:.", "SIP_TRUNK_URI"
        )
    if not settings.OPENAI_API_KEY or not settings.OPENAI_WEBHOOK_SECRETS:
        lacking = (
            "OPENAI_WEBHOOK_SECRET" if settings.OPENAI_API_KEY else "OPENAI_API_KEY"
        )
        return failed(
            f"Calls are answered by OpenAI, and {lacking} is not set.",
            "Set it, or turn voice off.",
            lacking,
        )
    return _fallback()


def _fallback() -> LineResult:
    target = settings.VOICE_FALLBACK_URI
    if target and not TARGET.fullmatch(target):
        return failed(
            "VOICE_FALLBACK_URI is no address that a call can be transferred to.",
            "It looks like tel:+250788123456 or sip:desk@example.com.",
            "VOICE_FALLBACK_URI",
        )
    if not target:
        return warning(
            "A caller who asks for a person cannot be transferred: there is no fallback.",
            "Name a number of people: tel:+250… or sip:….",
            "VOICE_FALLBACK_URI",
        )
    return ok("Trunk, model and fallback are set.")


def _without_trunk(circumstances: Circumstances) -> LineResult:
    if circumstances.is_demonstration:
        return skipped("A demonstration: there are no calls.")
    if Feature.VOICE not in circumstances.features_on:
        return skipped("Voice is off.", "", "SIP_TRUNK_URI")
    return circumstances.lacking(
        f"Voice is on, and not set: {', '.join(VOICE)}.",
        "The trunk's provider tells all three; or turn FEATURE_AGENT_VOICE off.",
        "SIP_TRUNK_URI",
    )


# Published dates after which a model does not answer any more.
# https://platform.openai.com/docs/deprecations
SHUTDOWNS = {
    "gpt-realtime": date(2027, 1, 20),
    "gpt-realtime-mini": date(2027, 1, 20),
    "gpt-audio-mini": date(2027, 1, 20),
    "whisper-1": date(2027, 2, 26),
    "gpt-4o-transcribe": date(2027, 2, 26),
    "gpt-4o-mini-transcribe": date(2027, 2, 26),
    "gpt-4o-transcribe-diarize": date(2027, 2, 26),
}
NOTICE = timedelta(days=90)
_SNAPSHOT = re.compile(r"-20[0-9]{2}-[01][0-9]-[0-3][0-9]")


def shutdown_of(model: str) -> date | None:
    """Return the published end of a model or of a dated snapshot of it."""
    return SHUTDOWNS.get(_SNAPSHOT.sub("", model))


def _models(circumstances: Circumstances) -> Iterator[tuple[str, str]]:
    """Return the models in use, each with its setting."""
    if settings.OPENAI_API_KEY:
        for name in ("OPENAI_RESPONSES_MODEL", "OPENAI_TRANSCRIPTION_MODEL"):
            yield name, getattr(settings, name)
    if Feature.VOICE in circumstances.features_on:
        yield "OPENAI_REALTIME_MODEL", settings.OPENAI_REALTIME_MODEL
        yield "", TRANSCRIPTION_MODEL


@line("voice.model", "The models are kept for 90 days", Section.RUNNING)
def models_are_kept(circumstances: Circumstances) -> LineResult:
    for name, model in _models(circumstances):
        ends_on = shutdown_of(model)
        if ends_on is not None and ends_on - timezone.localdate() <= NOTICE:
            return failed(
                f"{model} is shut down on {ends_on:%Y-%m-%d}.",
                "Name a model that stays: see OpenAI's page of deprecations.",
                name,
            )
    if Feature.VOICE not in circumstances.features_on:
        return skipped("Voice is off.", "", "OPENAI_REALTIME_MODEL")
    return _voice_and_price(circumstances)


def _voice_and_price(circumstances: Circumstances) -> LineResult:
    if settings.OPENAI_VOICE not in VOICES:
        return failed(
            "OPENAI_VOICE is no voice of the Realtime API.",
            f"Choose one of {', '.join(sorted(VOICES))}.",
            "OPENAI_VOICE",
        )
    model = settings.OPENAI_REALTIME_MODEL
    minute = Usage(audio_input=600, audio_output=1_200)
    if (cost := price_of_response(model, minute).cost) is None:
        return circumstances.lacking(
            f"{PRICE_VERSION} knows no price of {model}: budgets count the dearest one.",
            "Name a model that it knows, or update the package genai-prices.",
            "OPENAI_REALTIME_MODEL",
        )
    return ok(f"{model}: about ${cost:.2f} for a minute of speech each way.")


@line(
    "voice.webhook",
    "A signed test event is taken, and a forged one refused",
    Section.RUNNING,
    reads_rows=True,
)
def webhook_takes_events(circumstances: Circumstances) -> LineResult:
    """Send events through our own endpoint; nothing of them stays."""
    if (
        Feature.VOICE not in circumstances.features_on
        and not settings.OPENAI_WEBHOOK_SECRETS
    ):
        return skipped("Voice is off.", "", "OPENAI_WEBHOOK_SECRET")
    if not settings.OPENAI_WEBHOOK_SECRETS:
        return circumstances.lacking(
            "OPENAI_WEBHOOK_SECRET is not set: every webhook is refused.",
            "Copy it from the webhook's page in OpenAI's settings.",
            "OPENAI_WEBHOOK_SECRET",
        )
    for number, secret in enumerate(settings.OPENAI_WEBHOOK_SECRETS, start=1):
        if problem := _problem_with(secret):
            return failed(
                f"Secret {number}: {problem}",
                "See the log: ai.realtime.webhook.rejected.",
                "OPENAI_WEBHOOK_SECRET",
            )
    number = len(settings.OPENAI_WEBHOOK_SECRETS)
    return ok(f"It was stored once; {number} secret{'s' * (number > 1)} accepted.")


def _problem_with(secret: str) -> str:
    """Return what is wrong with the endpoint's answers to this secret; "" if nothing."""
    body = json.dumps({"type": "easymo.preflight", "id": "evt_test"}).encode()
    webhook_id, at = f"preflight_{uuid4().hex}", str(int(time.time()))
    signed = signature.sign(body, webhook_id, at, secret=secret)
    forged = signature.sign(body, webhook_id, at, secret=uuid4().hex)
    with transaction.atomic():
        answers = [_post(body, webhook_id, at, forged)]
        answers += [_post(body, webhook_id, at, signed) for _ in range(2)]
        stored = RealtimeEvent.objects.filter(webhook_id=webhook_id).count()
        transaction.set_rollback(True)
    if answers[0] != 400:
        return f"a forged signature was answered {answers[0]}."
    if answers[1:] != [200, 200]:
        return f"a signed event was answered {answers[1]}, and again {answers[2]}."
    return "" if stored == 1 else f"the event was stored {stored} times."


def _post(body: bytes, webhook_id: str, at: str, signed: str) -> int:
    environ: Mapping[str, object] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/functions/v1/ai-realtime-webhook",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_WEBHOOK_ID": webhook_id,
        "HTTP_WEBHOOK_TIMESTAMP": at,
        "HTTP_WEBHOOK_SIGNATURE": signed,
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
    }
    answer = RealtimeWebhook.as_view()(WSGIRequest(dict(environ)))
    return int(answer.status_code)
