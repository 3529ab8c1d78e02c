"""The tools of a call: the rows, authority, limits and receipts of chat.

`perform` runs a call of the model. A change always becomes a question; `confirm`
executes it when the caller presses 1. The change remains and its receipt is queued in
the same transaction, also when the caller has hung up.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents.calls import recording, whatsapp_copy
from agents.calls.transcript import scrubbed
from agents.content import in_force
from agents.core.errors import LeaseLost
from agents.core.locks import lock_conversation, lock_turn
from agents.identity import calling
from agents.language import speech
from agents.language.choice import DEFAULT
from agents.language.texts import render
from agents.llm.arguments import ArgumentsError, parse_arguments
from agents.llm.model import ToolRequest, ToolSpec
from agents.models import Call, CallEvent, PendingAction, ToolCall, Turn
from agents.tools import confirmation, registry
from agents.tools.base import Payload, refused
from agents.turns import tool_calls
from agents.turns.claim import CONFIRM, ClaimedTurn
from agents.turns.lease import Lease
from agents.turns.reply import Reply, display_of, with_unreached_owner
from easymo.database.errors import is_transient
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags import fence
from rollout.flags.exposure import exposure_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agents.calls.reference import CallRef
    from agents.content.document import Content
    from vouchers.codes import Code

logger = get_logger(__name__)

# What the keypad is waited for after a tool call.
type Asks = Literal["", "pin", "confirm", "code"]
# Calls that a key executes, apart from those of the model in the same turn.
FIRST_ORDINAL_OF_KEYS = 1_000
RETRY_AFTER_S = 0.3
NO_CODES: Mapping[int, Code] = {}
Status = PendingAction.Status


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a tool call gave: JSON for the model, and what is said word for word."""

    payload: Payload
    # Rendered from rows, so that the model adds nothing to it.
    spoken: str = ""
    asks: Asks = ""
    # The caller is to be put through to a person.
    transfers: bool = False
    row: ToolCall | None = field(default=None, repr=False)
    # The question that this answers.
    question: int | None = None

    @property
    def output(self) -> str:
        return json.dumps(self.payload, ensure_ascii=False)


def offered(content: Content) -> tuple[ToolSpec, ...]:
    """Return the tools of every call, the same for all.

    The list must not tell an unverified caller whose number they use; authority decides
    at each call.
    """
    return tuple(tool.spec(content) for tool in registry.TOOLS)


def perform(
    ref: CallRef,
    *,
    turn: int,
    ordinal: int,
    request: ToolRequest,
    codes: Mapping[int, Code] = NO_CODES,
) -> ToolOutcome:
    """Run one call of the model to its end; a repeated one returns the first result.

    Raises LeaseLost when another worker has the call.
    """
    claimed = claim_turn(ref, turn, codes)
    tool = registry.BY_NAME.get(request.name)
    try:
        arguments = parse_arguments(
            request.arguments_json,
            tool.spec(claimed.content).parameters if tool else {"type": "object"},
        )
    except ArgumentsError as error:
        return _outcome(
            refused("invalid_arguments", f"Not done: {error}.", "").payload, claimed
        )
    request = ToolRequest(
        request.call_id, request.name, json.dumps(_without_digits(arguments))
    )
    try:
        return _run(ref, claimed, ordinal, request)
    except LeaseLost:
        raise
    except Exception as error:
        if is_transient(error):
            # Nothing was committed: a change needs a key press besides.
            time.sleep(RETRY_AFTER_S)
            return _run(ref, claimed, ordinal, request)
        logger.exception(f"ai.tool.{request.name}.error", turn_id=turn, code="failed")
        return _outcome(tool_calls.fail(claimed, ordinal), claimed)


def _run(
    ref: CallRef, claimed: ClaimedTurn, ordinal: int, request: ToolRequest
) -> ToolOutcome:
    """Write the row, make the call and its result, in one transaction each."""
    answer = tool_calls.start(
        claimed, ordinal, request, exchange=None, may_restart=False
    )
    if answer is None:
        answer = tool_calls.perform(claimed, ordinal)
        recording.event(
            ref,
            CallEvent.Kind.TOOL,
            tool=request.name,
            code=str(answer.get("code", "")),
        )
    row = ToolCall.objects.filter(turn=claimed.turn, ordinal=ordinal).first()
    return _outcome(answer, claimed, row)


def waiting_question(ref: CallRef) -> PendingAction | None:
    """Return the question of this call that waits for a key or a button."""
    return PendingAction.objects.filter(
        conversation=ref.conversation_id,
        status=Status.WAITING,
        expires_at__gt=timezone.now(),
    ).first()


def confirm(ref: CallRef, *, is_yes: bool) -> ToolOutcome:
    """Answer the waiting question by a key: execute exactly that operation, once."""
    try:
        return _confirm(ref, is_yes=is_yes)
    except LeaseLost:
        raise
    except Exception as error:
        if not is_transient(error):
            logger.exception("ai.call.confirm.error", call=ref.pk)
            return _said("failed", "apology", _language(ref))
        time.sleep(RETRY_AFTER_S)
        return _confirm(ref, is_yes=is_yes)


def _confirm(ref: CallRef, *, is_yes: bool) -> ToolOutcome:
    with transaction.atomic():
        conversation = lock_conversation(ref.conversation_id)
        turn = _running_turn(ref)
        lock_turn(turn_id=turn.pk, token=ref.token)
        claimed = claim_turn(ref, turn.pk, NO_CODES)
        question = conversation.pending_actions.order_by("-id").first()
        if question is None:
            return _said("question_over", "phone.question_over", claimed.language)
        outcome = _answer(ref, claimed, question, is_yes=is_yes)
    return replace(outcome, question=question.pk)


def _answer(
    ref: CallRef, claimed: ClaimedTurn, question: PendingAction, *, is_yes: bool
) -> ToolOutcome:
    now, language = timezone.now(), claimed.language
    verdict = confirmation.check_press(
        button_id=f"{CONFIRM}{question.public_id}",
        conversation=claimed.conversation,
        now=now,
    )
    action = verdict.action
    if action is None or not verdict.counts:
        if is_yes and (done := _executed(question)):
            # An earlier press, or an earlier attempt of this one, was committed.
            return _outcome(done.result or {}, claimed, done)
        return _said("question_over", "phone.question_over", language)
    recording.event(
        ref, CallEvent.Kind.CONFIRMATION, by="key", result="yes" if is_yes else "no"
    )
    if not is_yes:
        confirmation.decide(action, Status.DECLINED, now)
        return _said("declined", "phone.declined", language)
    if not exposure_of(ref.subject).voice or fence.is_turned_off(Feature.VOICE):
        confirmation.decide(action, Status.REPLACED, now)
        return _said("feature_disabled", "refused.feature_disabled", language)
    confirmation.decide(action, Status.CONFIRMED, now)
    row = _execute(ref, claimed, action)
    return _outcome(row.result or {}, claimed, row)


def decided_on_whatsapp(ref: CallRef, action_pk: int) -> ToolOutcome | None:
    """Return what came of a question that was answered in the chat; None: it waits."""
    action = PendingAction.objects.filter(pk=action_pk).first()
    if action is None or action.status == Status.WAITING:
        return None
    language = _language(ref)
    if action.status == Status.DECLINED:
        return _said("declined", "phone.declined", language)
    row = _executed(action)
    if row is None:
        return None
    turn = Turn.objects.get(pk=row.turn_id)
    return _outcome(row.result or {}, _claim_row(ref, turn, NO_CODES), row)


def _execute(ref: CallRef, claimed: ClaimedTurn, action: PendingAction) -> ToolCall:
    """Execute the operation; authority, limits and features are checked again."""
    turn = claimed.turn
    rows = turn.tool_calls.filter(ordinal__gte=FIRST_ORDINAL_OF_KEYS)
    last = rows.aggregate(last=Max("ordinal"))["last"]
    row = ToolCall.objects.create(
        turn=turn,
        ordinal=FIRST_ORDINAL_OF_KEYS if last is None else last + 1,
        name=action.operation,
        arguments=action.arguments,
        is_write=True,
        provider_call_id=f"{CONFIRM}{action.public_id}",
    )
    context = tool_calls.context_of(claimed, f"{CONFIRM}{action.public_id}")
    result = registry.execute(
        action.operation, action.arguments, context, confirmed=True
    )
    tool_calls.store_result(claimed, row, result)
    recording.event(ref, CallEvent.Kind.TOOL, tool=row.name, code=row.code)
    if row.status == ToolCall.Status.SUCCEEDED:
        _send_receipt(ref, claimed, row)
    return row


def _send_receipt(ref: CallRef, claimed: ClaimedTurn, row: ToolCall) -> None:
    """Queue the receipt, and the owner's message, with the change itself."""
    reply = with_unreached_owner(
        Reply("receipt", display_of(row)), [row], claimed.language
    )
    is_sent = whatsapp_copy.send(
        ref,
        claimed.profile,
        about=f"receipt:{row.pk}",
        body=reply.body,
        language=claimed.language,
    )
    row.result = {**(row.result or {}), "display": reply.body, "receipt_sent": is_sent}
    row.save(update_fields=["result"])


def _executed(action: PendingAction) -> ToolCall | None:
    """Return the call that executed the question, on the phone or in the chat."""
    return ToolCall.objects.filter(
        provider_call_id=f"{CONFIRM}{action.public_id}", name=action.operation
    ).first()


def _running_turn(ref: CallRef) -> Turn:
    found = Turn.objects.filter(
        conversation=ref.conversation_id,
        status=Turn.Status.RUNNING,
        lease_token=ref.token,
    ).first()
    return found or Turn.objects.get(pk=recording.open_turn(ref))


def claim_turn(ref: CallRef, turn_pk: int, codes: Mapping[int, Code]) -> ClaimedTurn:
    return _claim_row(ref, Turn.objects.get(pk=turn_pk), codes)


def _claim_row(ref: CallRef, turn: Turn, codes: Mapping[int, Code]) -> ClaimedTurn:
    """Return the turn as the tools of chat take it, of the call as it is now."""
    call = (
        Call.objects.select_related("conversation__profile__station")
        .filter(pk=ref.pk, lease_token=ref.token, conversation=ref.conversation_id)
        .first()
    )
    if call is None or call.conversation is None:
        raise LeaseLost
    return ClaimedTurn(
        lease=Lease(turn.pk, ref.conversation_id, ref.token),
        turn=turn,
        conversation=call.conversation,
        messages=(),
        exposure=exposure_of(ref.subject),
        language=call.language or DEFAULT,
        history=(),
        present=(),
        own_text=(),
        texts=(),
        codes=codes,
        is_verified=calling.is_verified(call),
        content=in_force.of_turn(turn, call.conversation.profile),
    )


def _language(ref: CallRef) -> str:
    spoken = Call.objects.filter(pk=ref.pk).values_list("language", flat=True).first()
    return spoken or DEFAULT


def _without_digits(arguments: Payload) -> Payload:
    """Remove from free text what may be a PIN that the caller said."""
    reason = arguments.get("reason")
    if isinstance(reason, str):
        return {**arguments, "reason": scrubbed(reason)}
    return arguments


def _said(code: str, key: str, language: str) -> ToolOutcome:
    text = speech.spoken(render(key, language), language)
    return ToolOutcome(refused(code, "Nothing was changed.", text).payload, text)


_ASKS: dict[str, Asks] = {
    confirmation.NEEDED: "confirm",
    registry.PIN_NEEDED: "pin",
    "voucher_needed": "code",
}


def _outcome(
    payload: Payload, claimed: ClaimedTurn, row: ToolCall | None = None
) -> ToolOutcome:
    """Return the result as it is spoken: no marks, no codes, no buttons."""
    language = claimed.language
    asks = _ASKS.get(str(payload.get("code", "")), "")
    display = str(payload.get("display", ""))
    if asks == "confirm":
        text = speech.question(display, language)
    elif asks == "code":
        text = render("phone.code_needed", language)
    else:
        text = speech.spoken(display, language)
    if payload.get("receipt_sent"):
        text = f"{text} {render('phone.receipt_sent', language)}"
    is_hand_off = row is not None and row.name == tool_calls.HAND_OFF
    return ToolOutcome(
        {**payload, "display": text},
        spoken=text,
        asks=asks,
        transfers=is_hand_off and bool(payload.get("success")),
        row=row,
    )
