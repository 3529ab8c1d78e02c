"""The list of tools, and the function that runs every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.core import call_rate
from agents.language import texts
from agents.tools import authority
from agents.tools.base import (
    Call,
    Payload,
    Tool,
    ToolContext,
    ToolResult,
    refusal_of,
    refused,
)
from agents.tools.customers import HAND_OFF, LOOKUP_CUSTOMER
from agents.tools.issue import CREATE_VOUCHER
from agents.tools.questions import ANSWER_QUESTION, LIST_STATIONS
from agents.tools.resend import RESEND_CODE
from agents.tools.reversal import REVERSE_REDEMPTION
from agents.tools.vouchers import LIST_VOUCHERS, REDEEM_VOUCHER, VOID_VOUCHER
from easymo.observability.logs import get_logger
from rollout.flags.exposure import exposure_of
from vouchers.errors import VoucherError

if TYPE_CHECKING:
    from agents.llm.model import ToolSpec
    from agents.tools.authority import Rule

logger = get_logger(__name__)
TOOLS: tuple[Tool, ...] = (
    LOOKUP_CUSTOMER,
    CREATE_VOUCHER,
    REDEEM_VOUCHER,
    VOID_VOUCHER,
    REVERSE_REDEMPTION,
    LIST_VOUCHERS,
    RESEND_CODE,
    LIST_STATIONS,
    ANSWER_QUESTION,
    HAND_OFF,
)
# The code of a call for which a caller has to prove who they are.
PIN_NEEDED = "pin_needed"
BY_NAME: dict[str, Tool] = {tool.name: tool for tool in TOOLS}


def offered(context: ToolContext, *, writes: bool = True) -> tuple[ToolSpec, ...]:
    """Return the tools of this turn, by role and by features.

    `writes=False` while OpenAI fails: the offline model then only reads.
    """
    return tuple(
        tool.spec(context.content)
        for tool in TOOLS
        if _rule(tool.name, context)
        and authority.is_on(context.exposure, tool.name)
        and (writes or not tool.is_write)
    )


def is_write(name: str) -> bool:
    tool = BY_NAME.get(name)
    return tool is not None and tool.is_write


def execute(
    name: str, arguments: Payload, context: ToolContext, *, confirmed: bool = False
) -> ToolResult:
    """Run one call inside the caller's `atomic()`; refusals are results, not errors.

    `confirmed` is for the press of a PendingAction's button, with its exact arguments.
    """
    tool = BY_NAME.get(name)
    if tool is None:
        return _refuse("invalid_request", "There is no such tool.", context)
    _log("start", tool, context)
    result = _check(tool, context, confirmed=confirmed) or _run(
        tool, arguments, context, confirmed=confirmed
    )
    _log(_outcome(result), tool, context, code=result.code or None)
    return result


def _check(tool: Tool, context: ToolContext, *, confirmed: bool) -> ToolResult | None:
    """Check authority, rate and feature; return the refusal, if any."""
    if authority.needs_pin(
        tool=tool.name, channel=context.channel, is_verified=context.is_verified
    ):
        display = texts.render("phone.pin_needed", context.language)
        return refused(
            PIN_NEEDED, "The caller has to enter the PIN on the keypad first.", display
        )
    if _rule(tool.name, context) is None:
        return _refuse("forbidden", "This person may not do that.", context)
    if not confirmed:
        limit = call_rate.limit_for(context.profile)
        if seconds := call_rate.take(context.subject, limit=limit):
            return _refuse(
                "rate_limited", "Too many calls in a minute.", context, seconds=seconds
            )
    # Read again: the feature may have been turned off since the turn began.
    now = exposure_of(context.subject)
    if not all(authority.is_on(e, tool.name) for e in (context.exposure, now)):
        return _refuse("feature_disabled", "This feature is turned off.", context)
    return None


def _run(
    tool: Tool, arguments: Payload, context: ToolContext, *, confirmed: bool
) -> ToolResult:
    rule = _rule(tool.name, context)
    assert rule is not None
    call = Call(arguments, context, rule, is_confirmed=confirmed)
    try:
        return tool.handler(call)
    except VoucherError as error:
        return refusal_of(error, language=context.language)


def _rule(name: str, context: ToolContext) -> Rule | None:
    return authority.rule_for(
        profile=context.profile,
        tool=name,
        channel=context.channel,
        is_verified=context.is_verified,
    )


def _refuse(code: str, error: str, context: ToolContext, **facts: object) -> ToolResult:
    display = texts.render(f"refused.{code}", context.language, **facts)
    return refused(code, error, display, **facts)


def _outcome(result: ToolResult) -> str:
    if result.succeeded or result.pending:
        return "success"
    return (
        result.code if result.code in {"feature_disabled", "rate_limited"} else "error"
    )


def _log(event: str, tool: Tool, context: ToolContext, **fields: object) -> None:
    known = {key: value for key, value in fields.items() if value is not None}
    logger.info(
        f"ai.tool.{tool.name}.{event}",
        profile_id=context.profile.pk,
        conversation_id=context.conversation.pk,
        **known,
    )
