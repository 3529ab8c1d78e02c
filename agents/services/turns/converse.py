"""A draft of the answer: which model, with which tools, and whether it may be sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agents.runtime import items
from agents.runtime.model import ModelError
from agents.runtime.offline.grammar import asks_for_person
from agents.runtime.offline.model import OfflineModel
from agents.runtime.prompts import UNSURE
from agents.runtime.texts import render
from agents.services import budgets, confirm, receipts, spend
from agents.services.turns import requests
from agents.services.turns.calls import is_effect
from agents.services.turns.checks import reviewed
from agents.services.turns.claim import FEATURE_DISABLED
from agents.services.turns.draft import Draft
from easymo.database import units
from easymo.observability.logs import get_logger
from rollout.features import Feature
from rollout.services.exposure import is_known_off

if TYPE_CHECKING:
    from agents.models import ToolCall
    from agents.runtime.loop import LoopResult, MaySpend
    from agents.runtime.model import Usage
    from agents.services.spend import Purse
    from agents.services.turns.talk import Talk
    from agents.services.turns.work import Work

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
            requests.for_model(work),
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
    purse = spend.purse_of(work.conversation, work.turn)
    if purse.was_told:
        return purse, spend.CAPPED
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
        return Draft(text, "capped", spend.CAPPED, talk.spent)
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
    talk.add(items.developer(UNSURE))
    request = replace(requests.for_model(talk.work), may_call_tools=False)
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
        has_pending=await units.run(confirm.is_waiting, work.conversation),
        restricted=restricted,
    )
    request = requests.for_offline(work, restricted=restricted)
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
    if shown := receipts.last_reading(calls):
        return Draft(shown, error_code=code, spent=spent)
    return Draft(render("apology", language), "apology", code, spent)


async def _calls(talk: Talk) -> list[ToolCall]:
    """Read the turn's calls, if it can have any."""
    if not any(item.get("type") == "function_call" for item in talk.items):
        return []
    return await units.run(lambda: list(talk.work.turn.tool_calls.order_by("ordinal")))
