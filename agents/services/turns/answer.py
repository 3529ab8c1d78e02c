from __future__ import annotations

from typing import TYPE_CHECKING

from agents.runtime.texts import render
from agents.services.turns.converse import converse
from agents.services.turns.draft import Draft
from agents.services.turns.press import press
from easymo.database import units

if TYPE_CHECKING:
    from agents.services.turns.talk import Talk
    from agents.services.turns.work import Work


async def answer(talk: Talk) -> Draft:
    """Draft the answer: a button is decided by code, words go to the model."""
    work = talk.work
    if work.press is not None:
        return await units.run(press, work)
    if not work.has_words:
        return _kind_word(work)
    return await converse(talk)


def _kind_word(work: Work) -> Draft:
    """What we cannot read is answered kindly, without a model."""
    if all(message.kind == "request_welcome" for message in work.messages):
        return Draft(render(f"greeting.{work.profile.role}", work.language))
    return Draft(render("kind.unsupported", work.language))
