"""The model's tool calls of one turn: a row before each call, its result after."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.core.errors import AgentError, NewerInput
from agents.core.handoffs import open_handoff
from agents.core.locks import lock_turn
from agents.language.message_text import is_own_text
from agents.language.texts import render
from agents.llm.loop import AgentLoop, LoopResult, Progress
from agents.llm.model import Usage
from agents.models import Conversation, HandOff, Message, ToolCall
from agents.tools import confirmation, registry
from agents.tools.base import ToolContext, ToolResult, refused
from agents.turns.claim import is_press
from agents.turns.usage import RECORDED, ModelExchange, cleaned, record
from easymo.database import units
from easymo.database.errors import is_transient
from easymo.database.prepared import Prepared, slot
from easymo.observability import tracing
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from agents.llm.loop import LoopLimits, MaySpend
    from agents.llm.model import Item, Model, ModelRequest, ToolRequest
    from agents.models import Turn
    from agents.turns.claim import ClaimedTurn
    from agents.turns.run import TurnDependencies

logger = get_logger(__name__)

Status = ToolCall.Status
HAND_OFF = "hand_off"
CHANGED = Q(edited_at__isnull=False) | Q(revoked_at__isnull=False)
FIRST_WAITING = Prepared(
    lambda: Message.objects.filter(
        conversation_id=slot("conversation"), state=Message.State.WAITING
    ).order_by("sent_at", "id")[:1]
)


@dataclass(slots=True)
class ModelSession:
    """What model and tools exchanged in this turn, earlier attempts included."""

    claimed: ClaimedTurn
    dependencies: TurnDependencies
    may_restart: bool
    items: list[Item] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    model_calls: int = 0
    model: str = ""
    # How many of the items are stored in the turn's row.
    stored: int = 0

    @classmethod
    def resumed(
        cls,
        claimed: ClaimedTurn,
        dependencies: TurnDependencies,
        *,
        may_restart: bool,
    ) -> ModelSession:
        turn = claimed.turn
        usage = Usage(turn.input_tokens, turn.cached_input_tokens, turn.output_tokens)
        return cls(
            claimed=claimed,
            dependencies=dependencies,
            may_restart=may_restart,
            items=list(turn.items),
            usage=usage,
            model_calls=turn.model_calls,
            model=turn.model,
            stored=len(turn.items),
        )

    @property
    def exchange(self) -> ModelExchange:
        return ModelExchange(self.items, self.usage, self.model_calls, self.model)

    @property
    def has_called_tools(self) -> bool:
        """Tell whether the model requested a tool call in this turn."""
        return any(item.get("type") == "function_call" for item in self.items)

    async def run(
        self,
        model: Model,
        request: ModelRequest,
        limits: LoopLimits,
        *,
        may_spend: MaySpend | None = None,
    ) -> LoopResult:
        self.model = self.model or model.name
        result = await AgentLoop(
            model=model,
            request=request,
            call_tool=self._call_tool,
            on_items=self._on_items,
            limits=limits,
            clock=self.dependencies.clock,
            progress=Progress(self.items[:], self.usage, self.model_calls),
            may_spend=may_spend,
        ).run()
        if result.usage.total:
            self.model = result.model
        return result

    async def _on_items(self, new: Sequence[Item], usage: Usage) -> None:
        self.items += new
        self.usage += usage
        if any(item.get("type") != "function_call_output" for item in new):
            self.model_calls += 1

    async def _call_tool(self, ordinal: int, request: ToolRequest) -> dict[str, Any]:
        """Make one call. The model's items so far are stored with the call's row."""
        answer = await units.run(
            start,
            self.claimed,
            ordinal,
            request,
            exchange=self.exchange if len(self.items) > self.stored else None,
            may_restart=self.may_restart,
        )
        self.stored = len(self.items)
        if answer is not None:
            return answer
        try:
            with tracing.execute_tool(request.name, call_id=request.call_id):
                return await units.run(
                    perform, self.claimed, ordinal, now=self.dependencies.now
                )
        except AgentError:
            raise
        except Exception as error:
            if is_transient(error):
                # Nothing was committed, or it is in doubt: the row will show it.
                raise
            logger.exception(
                f"ai.tool.{request.name}.error",
                turn_id=self.claimed.turn.pk,
                code="failed",
            )
            return await units.run(fail, self.claimed, ordinal)


def context_of(
    claimed: ClaimedTurn,
    key: str,
    *,
    written_at: datetime | None = None,
    now: Callable[[], datetime] = timezone.now,
) -> ToolContext:
    return ToolContext(
        profile=claimed.profile,
        conversation=claimed.conversation,
        exposure=claimed.exposure,
        turn_key=key,
        language=claimed.language,
        own_text=claimed.own_text,
        written_at=written_at,
        codes=claimed.codes,
        channel=claimed.conversation.channel,
        is_verified=claimed.is_verified,
        content=claimed.content,
        now=now,
    )


def start(
    claimed: ClaimedTurn,
    ordinal: int,
    request: ToolRequest,
    *,
    exchange: ModelExchange | None,
    may_restart: bool,
) -> dict[str, Any] | None:
    """Write the call's row; return an answer where the call is not to be made.

    Raises NewerInput when a change is requested while the customer wrote on.
    """
    # No codes are stored.
    arguments: dict[str, Any] = cleaned(json.loads(request.arguments_json))
    is_write = registry.is_write(request.name)
    with transaction.atomic():
        turn = lock_turn(turn_id=claimed.lease.turn_id, token=claimed.lease.token)
        if exchange is not None:
            record(turn, exchange)
            turn.save(update_fields=RECORDED)
        row = turn.tool_calls.filter(ordinal=ordinal).first()
        if row is not None:
            return _repeat_answer(claimed, row, request, arguments)
        if (
            is_write
            and may_restart
            and not any(map(is_effect, turn.tool_calls.all()))
            and is_newer(claimed, first_waiting(claimed))
        ):
            raise NewerInput
        refusal = _why_not_written(claimed, turn) if is_write else None
        row = ToolCall(
            turn=turn,
            ordinal=ordinal,
            name=request.name,
            provider_call_id=request.call_id[:120],
            arguments=arguments,
            is_write=is_write,
        )
        if refusal is not None:
            _set_result(row, refusal)
        row.save(force_insert=True)
        return refusal.payload if refusal else None


def perform(
    claimed: ClaimedTurn,
    ordinal: int,
    *,
    now: Callable[[], datetime] = timezone.now,
) -> dict[str, Any]:
    """Make the call; its row gets the result in the same transaction."""
    with transaction.atomic():
        turn = lock_turn(turn_id=claimed.lease.turn_id, token=claimed.lease.token)
        row = turn.tool_calls.get(ordinal=ordinal)
        context = context_of(
            claimed,
            # The key comes from the cause, never from the model's words.
            f"turn:{claimed.turn.pk}:{ordinal}",
            written_at=_written_at(claimed, turn) if row.is_write else None,
            now=now,
        )
        result = registry.execute(row.name, row.arguments, context)
        store_result(claimed, row, result)
    return result.payload


def _written_at(claimed: ClaimedTurn, turn: Turn) -> datetime | None:
    """Return when the turn's oldest message was sent, if the person typed all of it.

    None also when they wrote on, or edited or deleted a message: that may take the
    request back. None on the phone, where nothing is typed.
    """
    if not claimed.messages:
        return None
    is_typed = all(map(is_own_text, claimed.messages))
    if not is_typed or is_newer(claimed, first_waiting(claimed)):
        return None
    if turn.messages.filter(CHANGED).exists():
        return None
    return min(message.sent_at for message in claimed.messages)


def store_result(claimed: ClaimedTurn, row: ToolCall, result: ToolResult) -> None:
    """Write the call's result, and the question where a button has to confirm it."""
    _set_result(row, result)
    row.save(update_fields=["status", "code", "result", "finished_at"])
    if result.pending is not None:
        confirmation.store_question(
            conversation=claimed.conversation, tool_call=row, pending=result.pending
        )
    if row.code == "key_reused":
        _report_changed_arguments(claimed)


def fail(claimed: ClaimedTurn, ordinal: int) -> dict[str, Any]:
    """Record that a call failed by a defect; its transaction was rolled back."""
    result = refused(
        "failed", "The tool is broken: not done.", render("apology", claimed.language)
    )
    with transaction.atomic():
        turn = lock_turn(turn_id=claimed.lease.turn_id, token=claimed.lease.token)
        row = turn.tool_calls.get(ordinal=ordinal)
        _set_result(row, result)
        row.status = Status.FAILED
        row.save(update_fields=["status", "code", "result", "finished_at"])
    return result.payload


def is_effect(call: ToolCall) -> bool:
    """Tell whether the call did or asked something that the reply has to tell."""
    if call.status == Status.SUCCEEDED:
        return call.is_write or call.name == HAND_OFF
    return call.code == confirmation.NEEDED


def first_waiting(claimed: ClaimedTurn) -> Message | None:
    """Return the message with which the next turn begins."""
    return FIRST_WAITING.first(conversation=claimed.lease.conversation_id)


def is_newer(claimed: ClaimedTurn, waiting: Message | None) -> bool:
    """Tell whether the customer wrote on; a button is a turn of its own."""
    return claimed.press is None and waiting is not None and not is_press(waiting)


def _repeat_answer(
    claimed: ClaimedTurn,
    row: ToolCall,
    request: ToolRequest,
    arguments: dict[str, Any],
) -> dict[str, Any] | None:
    if row.name != request.name or row.arguments != arguments:
        _report_changed_arguments(claimed)
        text = "The arguments changed: not done."
        return _refusal(claimed, "key_reused", text).payload
    return None if row.status == Status.STARTED else row.result


def _report_changed_arguments(claimed: ClaimedTurn) -> None:
    open_handoff(
        conversation=claimed.conversation,
        profile=claimed.profile,
        kind=HandOff.Kind.KEY_REUSED,
        reason=f"An operation of turn {claimed.turn.pk} changed its arguments.",
    )


def _why_not_written(claimed: ClaimedTurn, turn: Turn) -> ToolResult | None:
    held = Conversation.objects.only("paused_at", "paused_until")
    if held.get(pk=claimed.lease.conversation_id).is_paused(timezone.now()):
        # A colleague answers now: no change whose receipt would not be sent.
        return refused(
            "paused",
            "A colleague has taken over: not done.",
            render("colleague.taken", claimed.language),
        )
    if any(is_effect(call) for call in turn.tool_calls.filter(is_write=True)):
        return _refusal(claimed, "one_change", "Only one change in a turn: not done.")
    return None


def _refusal(claimed: ClaimedTurn, code: str, error: str) -> ToolResult:
    return refused(code, error, render(f"refused.{code}", claimed.language))


def _set_result(row: ToolCall, result: ToolResult) -> None:
    row.status = Status.SUCCEEDED if result.succeeded else Status.REFUSED
    row.code = result.code[:40]
    row.result = result.payload
    row.finished_at = timezone.now()
