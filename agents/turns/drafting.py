"""Draft the answer: choose the model and its tools, and check what it wrote."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.language.texts import render
from agents.llm import items, prompts
from agents.llm.model import ModelError, ModelRequest
from agents.llm.output_checks import Review, review
from agents.llm.prompts import REWRITE_REQUEST
from agents.llm.supported_claims import BACKED_BY_STATUS, Facts
from agents.offline.grammar import asks_for_person
from agents.offline.model import OfflineModel
from agents.outcomes import spending
from agents.outcomes.outcome import CAPPED
from agents.tools import confirmation, registry
from agents.turns import budgets, handoff_queue, reply
from agents.turns.claim import FEATURE_DISABLED
from agents.turns.reply import Draft, display_of
from agents.turns.tool_calls import context_of, is_effect
from easymo.database import units
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags.exposure import is_known_off
from vouchers.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agents.llm.loop import LoopResult, MaySpend
    from agents.llm.model import Usage
    from agents.models import ToolCall
    from agents.outcomes.spending import ConversationBudget
    from agents.turns.claim import ClaimedTurn
    from agents.turns.tool_calls import ModelSession

logger = get_logger(__name__)

STATUSES = frozenset(BACKED_BY_STATUS)
# The error code of a turn whose text was stopped twice.
UNSUPPORTED = "false_claim"


class Allowance(NamedTuple):
    """What a model may spend on the conversation; or the budget that is used up."""

    budget: ConversationBudget
    used_up: str = ""


def allowance_of(claimed: ClaimedTurn) -> Allowance:
    """Read what may be spent, and which budget is used up, if one is."""
    budget = spending.budget_of(claimed.conversation, claimed.turn)
    if budget.is_capped:
        return Allowance(budget, CAPPED)
    return Allowance(budget, "hourly_budget" if budgets.is_over_hour() else "")


def wants_person(claimed: ClaimedTurn) -> bool:
    """Tell whether the customer asks for a person: code answers that, not a model."""
    return any(map(asks_for_person, claimed.texts))


async def draft_with_model(session: ModelSession, allowance: Allowance | None) -> Draft:
    """Ask the model, or the offline model where none may be asked or it fails."""
    claimed, dependencies = session.claimed, session.dependencies
    if dependencies.model is None or allowance is None:
        return await _ask_offline_model(session)
    budget, used_up = allowance
    if used_up:
        return await _without_model(session, used_up)
    try:
        result = await session.run(
            dependencies.model,
            request_for_model(claimed),
            limits=dependencies.limits,
            may_spend=_may_spend(claimed, budget),
        )
    except ModelError as error:
        return await _without_model(session, error.code)
    if result.stopped == "time":
        return await _without_model(session, "time")
    draft = await _checked_draft(session, result)
    return draft or await _try_again(session, budget)


def _is_off(claimed: ClaimedTurn) -> bool:
    """Tell whether CHAT was turned off for the customer since the turn began."""
    return is_known_off(Feature.CHAT, claimed.subject)


def _may_spend(claimed: ClaimedTurn, budget: ConversationBudget) -> MaySpend:
    """Return the check before each model call: a feature that is off costs nothing."""

    def may_spend(model: str, usage: Usage) -> bool:
        return not _is_off(claimed) and budget.may_spend(model, usage)

    return may_spend


async def _checked_draft(session: ModelSession, result: LoopResult) -> Draft | None:
    """Return the draft; None when its text may not be sent and nothing was read."""
    claimed = session.claimed
    calls = await _calls(session)
    if result.stopped == "cost" and _is_off(claimed):
        # Not sent: closing says nothing where the feature is off.
        text = render("ask.intent", claimed.language)
        return Draft(text, error_code=FEATURE_DISABLED, exchange=session.exchange)
    if result.stopped == "cost":
        # A receipt or a question takes precedence; a person is asked to go on.
        text = render("capped", claimed.language)
        return Draft(text, "capped", CAPPED, session.exchange)
    if any(map(is_effect, calls)):
        # The receipt or the question is the answer, whatever the model says.
        return Draft(exchange=session.exchange)
    if result.stopped != "done":
        return _fixed_draft(session, calls, result.stopped)
    review = reviewed(result.text, calls=calls, claimed=claimed)
    if not review.may_be_sent:
        logger.warning(
            "ai.turn.text.refused",
            turn_id=claimed.turn.pk,
            problems=sorted(review.problems),
        )
        # What was read is shown from its rows: the model need not be asked again.
        shown = reply.last_reading(calls)
        return Draft(shown, exchange=session.exchange, memory={}) if shown else None
    return Draft(review.text, exchange=session.exchange, memory={})


async def _try_again(session: ModelSession, budget: ConversationBudget) -> Draft:
    """Let the model answer once more without tools."""
    dependencies = session.dependencies
    assert dependencies.model is not None
    session.items.append(items.developer(REWRITE_REQUEST))
    try:
        result = await session.run(
            dependencies.model,
            replace(request_for_model(session.claimed), may_call_tools=False),
            limits=replace(dependencies.limits, model_calls=session.model_calls + 1),
            may_spend=_may_spend(session.claimed, budget),
        )
    except ModelError as error:
        return _fixed_draft(session, await _calls(session), error.code)
    draft = await _checked_draft(session, result)
    return draft or _fixed_draft(session, await _calls(session), UNSUPPORTED)


async def _without_model(session: ModelSession, code: str) -> Draft:
    """Go on with the offline model, which then only greets, helps, reads, hands over."""
    logger.error("ai.turn.model.error", turn_id=session.claimed.turn.pk, code=code)
    if any(map(is_effect, await _calls(session))):
        return Draft(error_code=code, exchange=session.exchange)
    draft = await units.run(
        handoff_queue.draft_for_waiting,
        session.claimed,
        is_offline=True,
        now=session.dependencies.now(),
    ) or await _ask_offline_model(session, restricted=True)
    return replace(draft, error_code=code)


async def _ask_offline_model(
    session: ModelSession, *, restricted: bool = False
) -> Draft:
    claimed = session.claimed
    model = OfflineModel(
        own_text=claimed.texts,
        role=claimed.profile.role,
        language=claimed.language,
        has_pending=await units.run(confirmation.is_waiting, claimed.conversation),
        restricted=restricted,
        content=claimed.content,
        now=session.dependencies.now,
    )
    # Not limited by what the other model used: this one costs nothing.
    limits = replace(
        session.dependencies.limits,
        model_calls=session.model_calls + 6,
        tokens=10_000_000,
    )
    request = request_for_offline_model(claimed, restricted=restricted)
    result = await session.run(model, request, limits=limits)
    if result.stopped != "done":
        return _fixed_draft(session, await _calls(session), result.stopped)
    return Draft(
        result.text,
        exchange=session.exchange,
        memory=result.memory,
        buttons=result.buttons,
    )


def _fixed_draft(session: ModelSession, calls: list[ToolCall], code: str) -> Draft:
    """Return what a tool showed from its rows, or else a fixed text."""
    language = session.claimed.language
    if code == "refusal":
        text, outcome = render("ask.intent", language), "reply"
    elif shown := reply.last_reading(calls):
        text, outcome = shown, "reply"
    elif code == UNSUPPORTED:
        # The model claimed something. This says what is true, and how to ask.
        text, outcome = render("answer.nothing_done", language), "apology"
    else:
        text, outcome = render("apology", language), "apology"
    return Draft(text, outcome, code, session.exchange)


async def _calls(session: ModelSession) -> list[ToolCall]:
    """Read the turn's tool calls, if it can have any."""
    if not session.has_called_tools:
        return []
    turn = session.claimed.turn
    return await units.run(lambda: list(turn.tool_calls.order_by("ordinal")))


def request_for_model(claimed: ClaimedTurn) -> ModelRequest:
    """Return the request to OpenAI: instructions apart from what people wrote."""
    request = _request(claimed)
    name = prompts.name_item(claimed.profile.name)
    return replace(
        request,
        instructions=instructions(claimed),
        items=[name, *request.items] if name else request.items,
    )


def request_for_offline_model(
    claimed: ClaimedTurn, *, restricted: bool
) -> ModelRequest:
    """Return the request to the offline model; restricted, it changes nothing."""
    return replace(
        _request(claimed, writes=not restricted),
        memory=dict(claimed.conversation.memory),
    )


def instructions(claimed: ClaimedTurn) -> str:
    return prompts.instructions_for(
        role=claimed.profile.role,
        language=claimed.language,
        added=claimed.content.instructions,
    )


def _request(claimed: ClaimedTurn, *, writes: bool = True) -> ModelRequest:
    return ModelRequest(
        instructions="",
        items=[*claimed.history, *claimed.present],
        tools=registry.offered(context_of(claimed, ""), writes=writes),
        subject_hash=hashlib.sha256(claimed.subject.encode()).hexdigest(),
    )


def reviewed(text: str, *, calls: Sequence[ToolCall], claimed: ClaimedTurn) -> Review:
    """Return the text as it would be sent, and why it may not be."""
    return review(text, facts_of(calls, claimed), instructions=instructions(claimed))


def facts_of(calls: Sequence[ToolCall], claimed: ClaimedTurn) -> Facts:
    """Collect what this turn's tools showed; changes have their receipt."""
    return facts_from(
        calls,
        shown=map(display_of, calls),
        own_text="\n".join(claimed.texts),
        name=claimed.profile.name,
    )


def facts_from(
    calls: Sequence[ToolCall], *, shown: Iterable[str], own_text: str, name: str
) -> Facts:
    """Collect what these rows show; `shown` are the texts that were made of them."""
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
        shown=tuple(filter(None, shown)),
        own_text=own_text,
        name=plain_name(name),
    )


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
