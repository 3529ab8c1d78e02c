"""The model and the tools of one turn, stored as they go."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from agents.core.errors import AgentError, NewerInput
from agents.core.handoffs import open_handoff
from agents.core.locks import lock_turn
from agents.language.texts import render
from agents.llm.loop import LoopResult, Progress, run_loop
from agents.llm.model import Usage
from agents.models import Conversation, HandOff, Message, ToolCall
from agents.tools import confirmation, registry
from agents.tools.base import ToolContext, ToolResult, refused
from agents.turns.claim import is_press
from agents.turns.reply import Spent
from agents.turns.usage import RECORDED, cleaned, record
from easymo.database import units
from easymo.database.errors import is_passing
from easymo.database.prepared import Prepared, slot
from easymo.observability import tracing
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.llm.loop import LoopLimits, MaySpend
    from agents.llm.model import Item, Model, ModelRequest, ToolRequest
    from agents.models import Turn
    from agents.turns.claim import Work
    from agents.turns.run import Means

logger = get_logger(__name__)


@dataclass(slots=True)
class Talk:
    """What was said between model and tools so far, earlier attempts included."""

    work: Work
    means: Means
    may_restart: bool
    items: list[Item] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    model_calls: int = 0
    model: str = ""
    # How many of the items are in the turn's row.
    stored: int = 0

    @classmethod
    def resumed(cls, work: Work, means: Means, *, may_restart: bool) -> Talk:
        turn = work.turn
        usage = Usage(turn.input_tokens, turn.cached_input_tokens, turn.output_tokens)
        return cls(
            work=work,
            means=means,
            may_restart=may_restart,
            items=list(turn.items),
            usage=usage,
            model_calls=turn.model_calls,
            model=turn.model,
            stored=len(turn.items),
        )

    @property
    def spent(self) -> Spent:
        return Spent(self.items, self.usage, self.model_calls, self.model)

    def add(self, item: Item) -> None:
        """Put a remark of ours between the model's words."""
        self.items.append(item)

    async def run(
        self,
        model: Model,
        request: ModelRequest,
        limits: LoopLimits,
        *,
        may_spend: MaySpend | None = None,
    ) -> LoopResult:
        self.model = self.model or model.name
        result = await run_loop(
            model=model,
            request=request,
            call_tool=self._call_tool,
            on_items=self._on_items,
            limits=limits,
            clock=self.means.clock,
            progress=Progress(self.items[:], self.usage, self.model_calls),
            may_spend=may_spend,
        )
        if result.usage.total:
            self.model = result.model
        return result

    async def _on_items(self, new: Sequence[Item], usage: Usage) -> None:
        self.items += new
        self.usage += usage
        if any(item.get("type") != "function_call_output" for item in new):
            self.model_calls += 1

    async def _call_tool(self, ordinal: int, request: ToolRequest) -> dict[str, Any]:
        """Make one call. What the model said until now is stored with its row."""
        answer = await units.run(
            start,
            self.work,
            ordinal,
            request,
            spent=self.spent if len(self.items) > self.stored else None,
            may_restart=self.may_restart,
        )
        self.stored = len(self.items)
        if answer is not None:
            return answer
        try:
            with tracing.execute_tool(request.name, call_id=request.call_id):
                return await units.run(perform, self.work, ordinal)
        except AgentError:
            raise
        except Exception as error:
            if is_passing(error):
                # Nothing was committed, or it is in doubt: the row knows, later.
                raise
            logger.exception(
                f"ai.tool.{request.name}.error",
                turn_id=self.work.turn.pk,
                code="failed",
            )
            return await units.run(fail, self.work, ordinal)


Status = ToolCall.Status
HAND_OFF = "hand_off"
FIRST_WAITING = Prepared(
    lambda: Message.objects.filter(
        conversation_id=slot("conversation"), state=Message.State.WAITING
    ).order_by("sent_at", "id")[:1]
)


def key_of(turn_id: int, ordinal: int) -> str:
    """Return the key of a write: from its cause, never from the model's words."""
    return f"turn:{turn_id}:{ordinal}"


def context_of(work: Work, key: str) -> ToolContext:
    return ToolContext(
        profile=work.profile,
        conversation=work.conversation,
        exposure=work.exposure,
        turn_key=key,
        language=work.language,
        own_text=work.own_text,
        codes=work.codes,
    )


def start(
    work: Work,
    ordinal: int,
    request: ToolRequest,
    *,
    spent: Spent | None,
    may_restart: bool,
) -> dict[str, Any] | None:
    """Write the call's row, and what led to it; return an answer that needs no doing.

    Raises NewerInput when a change is asked for while the person wrote on.
    """
    arguments = stored_arguments(request)
    is_write = registry.is_write(request.name)
    with transaction.atomic():
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        if spent is not None:
            record(turn, spent)
            turn.save(update_fields=RECORDED)
        row = turn.tool_calls.filter(ordinal=ordinal).first()
        if row is not None:
            return _answer_again(work, row, request, arguments)
        if is_write and may_restart and not has_effect(turn):
            _refuse_when_newer(work)
        refusal = _why_not_written(work, turn) if is_write else None
        row = ToolCall(
            turn=turn,
            ordinal=ordinal,
            name=request.name,
            provider_call_id=request.call_id[:120],
            arguments=arguments,
            is_write=is_write,
        )
        if refusal is not None:
            _fill(row, refusal)
        row.save(force_insert=True)
        return refusal.payload if refusal else None


def _refuse_when_newer(work: Work) -> None:
    if is_newer(work, first_waiting(work)):
        raise NewerInput


def perform(work: Work, ordinal: int) -> dict[str, Any]:
    """Make the call; its row says what came of it, in the same transaction."""
    context = context_of(work, key_of(work.turn.pk, ordinal))
    with transaction.atomic():
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        row = turn.tool_calls.get(ordinal=ordinal)
        result = registry.execute(row.name, row.arguments, context)
        settle(work, row, result)
    return result.payload


def settle(work: Work, row: ToolCall, result: ToolResult) -> None:
    """Write the call's result, and the question where one is to be asked."""
    _fill(row, result)
    row.save(update_fields=["status", "code", "result", "finished_at"])
    if result.pending is not None:
        confirmation.store_question(
            conversation=work.conversation, tool_call=row, pending=result.pending
        )
    if row.code == "key_reused":
        _tell_of_changed_arguments(work)


def fail(work: Work, ordinal: int) -> dict[str, Any]:
    """Record that a call broke; nothing of it was kept."""
    result = _broken(work)
    with transaction.atomic():
        turn = lock_turn(turn_id=work.lease.turn_id, token=work.lease.token)
        row = turn.tool_calls.get(ordinal=ordinal)
        _fill(row, result)
        row.status = Status.FAILED
        row.save(update_fields=["status", "code", "result", "finished_at"])
    return result.payload


def has_effect(turn: Turn) -> bool:
    """Tell whether something was done or asked that must be told before all else."""
    return any(is_effect(call) for call in turn.tool_calls.all())


def is_effect(call: ToolCall) -> bool:
    """Tell whether the call did or asked something that has to be told."""
    if call.status == Status.SUCCEEDED:
        return call.is_write or call.name == HAND_OFF
    return call.code == confirmation.NEEDED


def first_waiting(work: Work) -> Message | None:
    """Return what the next turn has to begin with."""
    return FIRST_WAITING.first(conversation=work.lease.conversation_id)


def is_newer(work: Work, waiting: Message | None) -> bool:
    """Tell whether the person wrote on; a button is a turn of its own."""
    return work.press is None and waiting is not None and not is_press(waiting)


def stored_arguments(request: ToolRequest) -> dict[str, Any]:
    """Return the model's arguments as they are kept: no code in them."""
    kept: dict[str, Any] = cleaned(json.loads(request.arguments_json))
    return kept


def _answer_again(
    work: Work, row: ToolCall, request: ToolRequest, arguments: dict[str, Any]
) -> dict[str, Any] | None:
    if row.name != request.name or row.arguments != arguments:
        _tell_of_changed_arguments(work)
        return _refusal(work, "key_reused", "The arguments changed: not done.").payload
    return None if row.status == Status.STARTED else row.result


def _tell_of_changed_arguments(work: Work) -> None:
    open_handoff(
        conversation=work.conversation,
        profile=work.profile,
        kind=HandOff.Kind.KEY_REUSED,
        reason=f"An operation of turn {work.turn.pk} changed its arguments.",
    )


def _why_not_written(work: Work, turn: Turn) -> ToolResult | None:
    held = Conversation.objects.only("paused_at", "paused_until")
    if held.get(pk=work.lease.conversation_id).is_paused(timezone.now()):
        # A colleague has the word: nothing is begun that nobody would be told of.
        return refused(
            "paused",
            "A colleague has taken over: not done.",
            render("colleague.taken", work.language),
        )
    return _second_write(work, turn)


def _second_write(work: Work, turn: Turn) -> ToolResult | None:
    writes = turn.tool_calls.filter(is_write=True)
    if not any(is_effect(call) for call in writes):
        return None
    return _refusal(work, "one_change", "Only one change in a turn: not done.")


def _refusal(work: Work, code: str, error: str) -> ToolResult:
    return refused(code, error, render(f"refused.{code}", work.language))


def _broken(work: Work) -> ToolResult:
    return refused(
        "failed", "The tool is broken: not done.", render("apology", work.language)
    )


def _fill(row: ToolCall, result: ToolResult) -> None:
    row.status = Status.SUCCEEDED if result.succeeded else Status.REFUSED
    row.code = result.code[:40]
    row.result = result.payload
    row.finished_at = timezone.now()
