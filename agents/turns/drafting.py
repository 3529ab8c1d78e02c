"""A draft of the answer: which model, with which tools, and whether it may be sent."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from agents.language.texts import render
from agents.llm import items, prompts
from agents.llm.model import ModelError, ModelRequest
from agents.llm.output_checks import Review, review
from agents.llm.prompts import REWRITE_REQUEST
from agents.llm.unsupported_claims import BACKED_BY_STATUS, Facts
from agents.offline.grammar import asks_for_person
from agents.offline.model import OfflineModel
from agents.outcomes import spending
from agents.tools import confirmation, registry
from agents.turns import budgets, reply
from agents.turns.claim import FEATURE_DISABLED
from agents.turns.reply import Draft, display_of
from agents.turns.tool_calls import context_of, is_effect
from easymo.database import units
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags.exposure import is_known_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agents.llm.loop import LoopResult, MaySpend
    from agents.llm.model import Item, Usage
    from agents.models import ToolCall
    from agents.outcomes.spending import Purse
    from agents.turns.claim import Work
    from agents.turns.tool_calls import Talk

logger = get_logger(__name__)


async def converse(talk: Talk) -> Draft:
    """Ask the model, or the offline model where there is none or it fails."""
    work, means = talk.work, talk.means
    if means.model is None or any(asks_for_person(text) for text in work.said):
        return await _offline(talk)
    purse, used_up = await units.run(_budget, work)
    if used_up:
        return await _without_model(talk, used_up)
    try:
        result = await talk.run(
            means.model,
            for_model(work),
            limits=means.limits,
            may_spend=_may_spend(work, purse),
        )
    except ModelError as error:
        return await _without_model(talk, error.code)
    if result.stopped == "time":
        return await _without_model(talk, "time")
    draft = await _judged(talk, result)
    if draft is not None:
        return draft
    return await _second_try(talk, purse)


def _is_off(work: Work) -> bool:
    """Tell whether CHAT was turned off for her since the turn began."""
    return is_known_off(Feature.CHAT, str(work.profile.public_id))


def _may_spend(work: Work, purse: Purse) -> MaySpend:
    """Ask before each call of the model; what is off costs no more of them."""

    def may_spend(model: str, usage: Usage) -> bool:
        return not _is_off(work) and purse.may_spend(model, usage)

    return may_spend


def _budget(work: Work) -> tuple[Purse, str]:
    """Return what may be spent, and which budget lets no model be asked, if one does."""
    purse = spending.purse_of(work.conversation, work.turn)
    if purse.was_told:
        return purse, spending.CAPPED
    return purse, "hourly_budget" if budgets.is_over_hour() else ""


async def _judged(talk: Talk, result: LoopResult) -> Draft | None:
    """Return the draft; None when the text claims what no row shows."""
    calls = await _calls(talk)
    if result.stopped == "cost" and _is_off(talk.work):
        # Nobody reads it: closing says nothing to whom it is off for.
        words = render("ask.intent", talk.work.language)
        return Draft(words, error_code=FEATURE_DISABLED, spent=talk.spent)
    if result.stopped == "cost":
        # A receipt or a question comes before these words; a person goes on.
        text = render("capped", talk.work.language)
        return Draft(text, "capped", spending.CAPPED, talk.spent)
    if any(is_effect(call) for call in calls):
        # The receipt or the question is the answer, whatever the model says.
        return Draft(spent=talk.spent)
    if result.stopped != "done":
        return _fixed(talk, calls, result.stopped)
    review = reviewed(result.text, calls=calls, work=talk.work)
    if not review.may_be_sent:
        logger.warning(
            "ai.turn.text.refused",
            turn_id=talk.work.turn.pk,
            problems=sorted(review.problems),
        )
        return None
    return Draft(review.text, spent=talk.spent, memory={})


async def _second_try(talk: Talk, purse: Purse) -> Draft:
    """Let the model answer once more, in words only; then the rows speak."""
    means = talk.means
    assert means.model is not None
    talk.add(items.developer(REWRITE_REQUEST))
    request = replace(for_model(talk.work), may_call_tools=False)
    limits = replace(means.limits, model_calls=talk.model_calls + 1)
    try:
        result = await talk.run(
            means.model, request, limits=limits, may_spend=_may_spend(talk.work, purse)
        )
    except ModelError as error:
        return _fixed(talk, await _calls(talk), error.code)
    draft = await _judged(talk, result)
    return draft or _fixed(talk, await _calls(talk), "false_claim")


async def _without_model(talk: Talk, code: str) -> Draft:
    """Go on with the offline model, which then only greets, helps, reads, hands over."""
    logger.error("ai.turn.model.error", turn_id=talk.work.turn.pk, code=code)
    if any(is_effect(call) for call in await _calls(talk)):
        return Draft(error_code=code, spent=talk.spent)
    return replace(await _offline(talk, restricted=True), error_code=code)


async def _offline(talk: Talk, *, restricted: bool = False) -> Draft:
    work = talk.work
    model = OfflineModel(
        own_text=work.said,
        role=work.profile.role,
        language=work.language,
        has_pending=await units.run(confirmation.is_waiting, work.conversation),
        restricted=restricted,
    )
    request = for_offline(work, restricted=restricted)
    # What the other model used up is no bound for this one, which uses nothing.
    limits = replace(
        talk.means.limits, model_calls=talk.model_calls + 6, tokens=10_000_000
    )
    result = await talk.run(model, request, limits=limits)
    if result.stopped != "done":
        return _fixed(talk, await _calls(talk), result.stopped)
    return Draft(result.text, spent=talk.spent, memory=result.memory)


def _fixed(talk: Talk, calls: list[ToolCall], code: str) -> Draft:
    """Return what a tool showed from its rows, or else an apology."""
    spent = talk.spent
    language = talk.work.language
    if code == "refusal":
        return Draft(render("ask.intent", language), error_code=code, spent=spent)
    if shown := reply.last_reading(calls):
        return Draft(shown, error_code=code, spent=spent)
    return Draft(render("apology", language), "apology", code, spent)


async def _calls(talk: Talk) -> list[ToolCall]:
    """Read the turn's calls, if it can have any."""
    if not any(item.get("type") == "function_call" for item in talk.items):
        return []
    return await units.run(lambda: list(talk.work.turn.tool_calls.order_by("ordinal")))


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


def reviewed(text: str, *, calls: Sequence[ToolCall], work: Work) -> Review:
    """Return the text as it would be sent, and why it may not be."""
    return review(text, facts_of(calls, work), instructions=instructions(work))


def facts_of(calls: Sequence[ToolCall], work: Work) -> Facts:
    """Read what this turn's tools showed; what they did has its receipt."""
    found = [pair for call in calls for pair in _pairs(call.result)]
    return Facts(
        statuses=frozenset(
            value for key, value in found if key == "status" and value in STATUSES
        ),
        amounts=frozenset(
            amount
            for key, value in found
            if key == "amount" and (amount := _decimal(value)) is not None
        ),
        references=frozenset(str(value) for key, value in found if key == "reference"),
        shown=tuple(filter(None, map(display_of, calls))),
        own_text="\n".join(work.said),
    )


STATUSES = frozenset(BACKED_BY_STATUS)


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield key, entry
            yield from _pairs(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _pairs(entry)


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
