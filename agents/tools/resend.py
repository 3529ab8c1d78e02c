"""Send an owner a fresh code of their voucher; the former code is no longer valid."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agents.identity.disputes import is_disputed
from agents.language import texts
from agents.tools.arguments import VoucherNotNamed, amount_of, find_voucher, status_of
from agents.tools.base import Effect, Tool, ToolResult, done, strict_object
from agents.tools.confirmation import ask_by_button
from agents.tools.vouchers import which_voucher
from vouchers import selectors
from vouchers.actors import OWNER, Actor
from vouchers.errors import VoucherExpired, VoucherNotIssued
from vouchers.models import Profile, Voucher, VoucherEvent
from vouchers.services.rotate import rotate_code

if TYPE_CHECKING:
    from agents.tools.base import Call

A_DAY = 3
REASON = "The owner asked for the code again."
_KIGALI = ZoneInfo("Africa/Kigali")


def resend_code(call: Call) -> ToolResult:
    """Ask by button, then replace the code and show the new one to its owner."""
    # The person talks in a chat, so a signed number or user id named them.
    if is_disputed(call.profile):
        return call.refused(
            "unverified", "The identity is not verified.", "refused.unverified"
        )
    if not selectors.usable_vouchers_of(call.profile).exists():
        return call.refused(
            "no_usable_voucher", "They have none.", "refused.no_usable_voucher"
        )
    try:
        voucher = find_voucher(call).voucher
    except VoucherNotNamed:
        return which_voucher(call)
    if status_of(voucher) == Voucher.Status.EXPIRED:
        raise VoucherExpired(voucher.expires_at)
    if voucher.status != Voucher.Status.ISSUED:
        raise VoucherNotIssued(voucher.status, voucher.redeemed_at or voucher.voided_at)
    if _sent_today(call) >= A_DAY:
        return call.refused(
            "resend_limit", "Three new codes today already.", "refused.resend_limit"
        )
    facts = {"reference": voucher.reference, "amount": amount_of(voucher)}
    if not call.is_confirmed:
        question = call.text("confirm.resend", **facts)
        arguments = {"voucher": voucher.reference}
        return ask_by_button(call, "resend_code", arguments, question)
    # The event names the owner; `voucher_may` lets the system replace a code.
    actor = Actor.system(f"{OWNER}{call.profile.pk}", channel="whatsapp")
    issued = rotate_code(
        voucher=voucher, actor=actor, reason=REASON, key=call.context.turn_key
    )
    key = "receipt.resend" if issued.code else "receipt.resend_without_code"
    display = call.text(key, code=texts.code_placeholder(voucher.public_id), **facts)
    effect = Effect("resend", voucher.public_id, replayed=issued.replayed)
    return done(display, effect=effect, status=str(voucher.status), **facts)


def _sent_today(call: Call) -> int:
    """Return how many codes the owner had replaced today in Kigali."""
    # One at a time, so that the count holds.
    Profile.objects.select_for_update().get(pk=call.profile.pk)
    today = call.context.now().astimezone(_KIGALI).date()
    return VoucherEvent.objects.filter(
        kind=VoucherEvent.Kind.CODE_ROTATED,
        created_at__gte=datetime.combine(today, time(), _KIGALI),
        actor_kind="system",
        actor_id=f"{OWNER}{call.profile.pk}",
    ).count()


RESEND_CODE = Tool(
    name="resend_code",
    description=(
        "Send the talking person a fresh code of their own voucher, named by its "
        "reference (null: their only one), when they lost the code or never got it. "
        "A button confirms it; the former code ends."
    ),
    parameters=strict_object(voucher={"type": ["string", "null"]}),
    handler=resend_code,
    is_write=True,
)
