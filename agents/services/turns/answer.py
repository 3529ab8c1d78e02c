from __future__ import annotations

from typing import TYPE_CHECKING

from agents.models import Media
from agents.runtime.texts import render
from agents.services.hints import LOST
from agents.services.turns.converse import converse
from agents.services.turns.draft import Draft
from agents.services.turns.press import press
from easymo.database import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Message
    from agents.services.turns.talk import Talk
    from agents.services.turns.work import Work


async def answer(talk: Talk) -> Draft:
    """Draft the answer: a button is decided by code, words go to the model."""
    work = talk.work
    if work.press is not None:
        return await units.run(press, work)
    if not work.has_words:
        return await units.run(_kind_word, work)
    return await converse(talk)


# What we cannot read, and what is said about it; the first that fits is said.
KIND_WORDS = (
    ("audio", "kind.voice"),
    ("location", "kind.location"),
    ("contacts", "kind.contact"),
    ("order", "kind.order"),
    ("image", "kind.media"),
    ("video", "kind.media"),
    ("document", "kind.media"),
)


def _kind_word(work: Work) -> Draft:
    """What we cannot read is answered kindly, without a model."""
    return Draft(render(_kind_key(work.messages, work.profile.role), work.language))


def _kind_key(messages: Sequence[Message], role: str) -> str:
    kinds = {message.kind for message in messages}
    if kinds == {"request_welcome"}:
        return f"greeting.{role}"
    if any(message.detail.get("is_number_learned") for message in messages):
        return "kind.number_noted"
    if any(_is_lost(message) for message in messages):
        return "kind.resend"
    for kind, key in KIND_WORDS:
        if kind in kinds:
            return key
    return "kind.unsupported"


def _is_lost(message: Message) -> bool:
    """Tell whether the provider, or its store, could not give us what was sent."""
    if message.error_code in LOST:
        return True
    media = Media.objects.filter(message=message).first()
    return media is not None and media.state == Media.State.FAILED
