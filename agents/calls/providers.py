"""The telephone provider of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from agents.realtime import local, openai_realtime

if TYPE_CHECKING:
    from agents.models import Call
    from agents.realtime.provider import VoiceProvider


def provider_for(call: Call) -> VoiceProvider | None:
    """Return the provider of a call; None while none is configured.

    A call of the simulator goes to its server on this machine, and to no other.
    """
    port = local.port_of(call.call_id) if call.is_synthetic else None
    if port is None:
        return openai_realtime.configured()
    if not (settings.DEMONSTRATION or settings.SIMULATOR_ENABLED):
        return None
    return openai_realtime.OpenAIRealtime(local.api_key(), local.base_url(port))
