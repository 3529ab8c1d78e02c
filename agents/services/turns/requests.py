"""What a model is given: its instructions, the talk, and the tools of this person."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from agents.runtime import prompts
from agents.runtime.model import ModelRequest
from agents.services.turns.calls import context_of
from agents.tools import registry

if TYPE_CHECKING:
    from agents.runtime.model import Item
    from agents.services.turns.work import Work


def for_model(work: Work) -> ModelRequest:
    """Return what OpenAI is asked: orders apart from what people wrote."""
    return replace(
        _plain(work),
        instructions=instructions(work),
        items=[*_named(work), *work.history, *work.present],
    )


def for_offline(work: Work, *, restricted: bool) -> ModelRequest:
    """Return what the offline model is asked; restricted, it changes nothing."""
    return replace(
        _plain(work, writes=not restricted), memory=dict(work.conversation.memory)
    )


def instructions(work: Work) -> str:
    return prompts.instructions_for(role=work.profile.role, language=work.language)


def _plain(work: Work, *, writes: bool = True) -> ModelRequest:
    return ModelRequest(
        instructions="",
        items=[*work.history, *work.present],
        tools=registry.offered(context_of(work, ""), writes=writes),
        subject_hash=hashlib.sha256(work.subject.encode()).hexdigest(),
    )


def _named(work: Work) -> list[Item]:
    name = work.profile.name
    return [prompts.name_item(name)] if name else []
