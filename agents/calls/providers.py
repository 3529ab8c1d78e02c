"""The telephone provider of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.realtime import openai_realtime

if TYPE_CHECKING:
    from agents.models import Call
    from agents.realtime.provider import VoiceProvider


def provider_for(call: Call) -> VoiceProvider | None:
    """Return the provider of a call; None while none is configured."""
    return openai_realtime.configured()
