"""Pre-flight lines of voice and of the previous workflow."""

from __future__ import annotations

from django.conf import settings

from easymo.preflight.registry import (
    Asked,
    Found,
    Section,
    failed,
    line,
    ok,
    skipped,
    warning,
)
from rollout.core.features import Feature

VOICE = ("SIP_TRUNK_URI", "SIP_TRUNK_USERNAME", "SIP_TRUNK_PASSWORD")


@line(
    "voice.sip",
    "The SIP trunk's credentials are configured",
    Section.ENVIRONMENT,
    place=9,
)
def voice_is_set_up(asked: Asked) -> Found:
    missing = [name for name in VOICE if not getattr(settings, name)]
    if len(missing) == len(VOICE):
        return _without_trunk(asked)
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
    if not settings.VOICE_FALLBACK_URI:
        return warning(
            "A call that the agent may not take is rejected: there is no fallback.",
            "Name a number of people: tel:+250… or sip:….",
            "VOICE_FALLBACK_URI",
        )
    return ok("Trunk, model and fallback are set.")


def _without_trunk(asked: Asked) -> Found:
    if asked.is_demonstration:
        return skipped("A demonstration: there are no calls.")
    if Feature.VOICE not in asked.features_on:
        return skipped("Voice is off.", "", "SIP_TRUNK_URI")
    return asked.lacking(
        f"Voice is on, and not set: {', '.join(VOICE)}.",
        "The trunk's provider tells all three; or turn FEATURE_AGENT_VOICE off.",
        "SIP_TRUNK_URI",
    )


@line(
    "workflow.previous", "The previous workflow takes what we do not", Section.RUNNING
)
def previous_workflow_is_there(asked: Asked) -> Found:
    setting = "LEGACY_WEBHOOK_URL"
    if message := asked.said("agents.E002"):
        return failed(str(message.msg), str(message.hint), setting)
    unsigned = asked.said("agents.W005")
    if not settings.LEGACY_WEBHOOK_URL:
        return warning(
            "None is set: after a rollback incoming messages are not answered.",
            "Name the webhook of the earlier system, where there is one.",
            setting,
        )
    if unsigned:
        return warning(str(unsigned.msg), str(unsigned.hint), "LEGACY_WEBHOOK_SECRET")
    return ok("It is named, and signed to with a secret of its own.")
