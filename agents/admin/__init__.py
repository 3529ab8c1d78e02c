"""The admin pages of conversations: start with conversation.py and hand_off.py."""

from __future__ import annotations

from agents.admin import (  # noqa: F401 - registers the pages
    api_token,
    block,
    call,
    content,
    conversation,
    erasure,
    forward,
    hand_off,
    identity,
    media,
    outbound,
    phone_pin,
    webhook_event,
)
