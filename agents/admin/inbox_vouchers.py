"""Voucher operations in the inbox, with the rights of the colleague who presses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from agents.handoff import handoff
from agents.handoff.thread import Entry
from easymo.backoffice.pages import person_of
from vouchers import selectors
from vouchers.actors import Actor
from vouchers.admin.trail_sentences import steps_of
from vouchers.authority import RULES, Operation
from vouchers.errors import InvalidRequest, VoucherNotFound
from vouchers.models import Voucher, VoucherEvent
from vouchers.money import InvalidAmount, Money, parse_amount_strict, shown_money
from vouchers.services.issue import issue_voucher
from vouchers.services.rotate import rotate_code
from vouchers.services.transition import clean_reason
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from django.http import HttpRequest

    from agents.models import Conversation

VIEW = "vouchers.view_voucher"
ACTIONS = {
    "void": Operation.VOID,
    "rotate": Operation.ROTATE,
    "issue": Operation.ISSUE,
}
MOST_VOUCHERS = 10
# Events in the thread, of the newest vouchers.
MOST_EVENTS = 100
CURRENCY = "RWF"


def may(request: HttpRequest, action: str) -> bool:
    """Tell whether the user has the right to this operation."""
    return bool(request.user.has_perm(RULES[ACTIONS[action]].permission))


def obey(request: HttpRequest, chosen: Conversation, order: dict[str, Any]) -> str:
    """Do one operation for the customer; return what the user reads about it.

    Raises PermissionDenied without the right, else what the services raise.
    """
    if not may(request, order["action"]):
        raise PermissionDenied
    actor = Actor.of_user(person_of(request))
    given: dict[str, Any] = {"actor": actor, "key": f"admin:{order['key']}"}
    if order["action"] == "issue":
        return _issue(chosen, order, given)
    voucher = _own(chosen, order["voucher"])
    given["reason"] = order["reason"]
    if order["action"] == "void":
        void_voucher(voucher_id=voucher.public_id, **given)
        done = _("Voucher {reference} is void.")
    else:
        rotate_code(voucher=voucher, **given)
        done = _("Voucher {reference} has a new code.") + " " + _told(chosen)
    _log(request, voucher, f"{order['action']}: {order['reason']}")
    return done.format(reference=voucher.reference, owner=chosen.profile)


def panel(request: HttpRequest, chosen: Conversation) -> dict[str, Any]:
    """Return the customer's vouchers and what the user may do with each."""
    if not request.user.has_perm(VIEW):
        return {"vouchers": [], "may_issue": False}
    now = timezone.now()
    return {
        "vouchers": [
            _row(request, voucher, voucher.status_at(now))
            for voucher in selectors.vouchers_of(chosen.profile)[:MOST_VOUCHERS]
        ],
        "may_issue": may(request, "issue") and chosen.profile.is_active,
        "currency": CURRENCY,
    }


def _row(request: HttpRequest, voucher: Voucher, status: str) -> dict[str, Any]:
    is_issued = status == Voucher.Status.ISSUED
    is_waiting = status == Voucher.Status.PENDING_APPROVAL
    page = "approval" if is_waiting else "admin:vouchers_voucher_change"
    return {
        "pk": voucher.pk,
        "link": reverse(page, args=[voucher.pk]),
        "reference": voucher.reference,
        "status": gettext(Voucher.Status(status).label),
        "amount": shown_money(Money(voucher.amount_minor, voucher.currency)),
        "expires_at": voucher.expires_at,
        "may_void": is_issued and may(request, "void"),
        "may_rotate": is_issued and may(request, "rotate"),
    }


def entries(chosen: Conversation, since: Any) -> list[Entry]:
    """Return what happened to the customer's vouchers, for the thread."""
    newest = selectors.vouchers_of(chosen.profile).values_list("pk", "reference")
    references = dict(newest[:MOST_VOUCHERS])
    events = (
        VoucherEvent.objects.filter(voucher__in=references, created_at__gte=since)
        .select_related("station", "note")
        .order_by("-id")[:MOST_EVENTS]
    )
    return [
        Entry(
            "voucher",
            step.event.created_at,
            3,
            step.sentence,
            note=getattr(getattr(step.event, "note", None), "text", ""),
            by=references[step.event.voucher_id],
            link=reverse("admin:vouchers_voucher_change", args=[step.event.voucher_id]),
        )
        for step in steps_of(list(events))
    ]


def _issue(chosen: Conversation, order: dict[str, Any], given: dict[str, Any]) -> str:
    reason = clean_reason(order["reason"])
    try:
        amount = parse_amount_strict(order["amount"].strip(), currency=CURRENCY)
    except InvalidAmount as error:
        raise InvalidRequest(str(error)) from error
    issued = issue_voucher(customer=chosen.profile, amount=amount, note=reason, **given)
    voucher = issued.voucher
    if voucher.status == Voucher.Status.PENDING_APPROVAL:
        done = _("Voucher {reference} of {amount} waits for a second person.")
    else:
        done = _("Voucher {reference} of {amount} is issued.") + " " + _told(chosen)
    return done.format(reference=voucher.reference, amount=shown_money(amount))


def _told(chosen: Conversation) -> str:
    """Return whether the customer can be sent a code now."""
    refusal = handoff.why_unreachable(
        chosen, needs_window=not settings.WA_TEMPLATE_VOUCHER_ISSUED
    )
    if refusal is None:
        return _("The code is sent to the customer.")
    return _("The customer cannot be sent the code now.") + f" {refusal}"


def _own(chosen: Conversation, pk: int | None) -> Voucher:
    """Return a voucher of this customer."""
    found = selectors.vouchers_of(chosen.profile).filter(pk=pk or 0).first()
    if found is None:
        raise VoucherNotFound
    return found


def _log(request: HttpRequest, voucher: Voucher, text: str) -> None:
    page: Any = admin.site.get_model_admin(Voucher)
    page.log_change(request, voucher, text)
