"""Requests to take back a redemption above the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin, person_of
from vouchers import limits
from vouchers.authority import RULES, Operation
from vouchers.errors import VoucherError
from vouchers.models import ReversalRequest
from vouchers.money import Money, shown_money
from vouchers.services.reverse import decide_reversal

if TYPE_CHECKING:
    from vouchers.models import Voucher

Decision = ReversalRequest.Decision
COLOURS = {
    Decision.WAITING.label: "warning",
    Decision.APPROVED.label: "success",
    Decision.REFUSED.label: "danger",
}


def _waits(call: ActionCall[ReversalRequest]) -> bool:
    return call.row.decision == Decision.WAITING


def _decide(
    call: ActionCall[ReversalRequest], decision: str, reason: str, key: str
) -> Voucher:
    return decide_reversal(
        request=call.row,
        decision=decision,
        approver=person_of(call.request),
        reason=reason,
        key=key,
    )


def _refusals(call: ActionCall[ReversalRequest]) -> list[str]:
    """Try the approval and take it back: only the database knows all its rules."""
    try:
        with transaction.atomic():
            _decide(call, Decision.APPROVED, "trial", f"trial:{call.row.pk}")
            transaction.set_rollback(True)
    except VoucherError as error:
        return [str(error)]
    return []


def _facts(call: ActionCall[ReversalRequest]) -> list[str]:
    row = call.row
    return [
        gettext("{reference}: {row} for {owner}").format(
            reference=row.voucher.reference, row=_amount(row), owner=row.voucher.owner
        ),
        gettext("Redeemed at {station} on {day}").format(
            station=row.redemption.station,
            day=date_format(timezone.localtime(row.redemption.created_at), "j F Y"),
        ),
        gettext("Asked by {row}: “{reason}”").format(
            row=_asker(row), reason=row.reason
        ),
    ]


def _money(row: ReversalRequest) -> Money:
    return Money(row.voucher.amount_minor, row.voucher.currency)


def _amount(row: ReversalRequest) -> str:
    return shown_money(_money(row))


def _asker(row: ReversalRequest) -> str:
    if row.asked_by_profile is not None:
        return str(row.asked_by_profile)
    if row.asked_by_user is not None:
        return str(row.asked_by_user.get_username())
    return f"{row.asked_by_kind} {row.asked_by_id}"


@admin.register(ReversalRequest)
class ReversalRequestAdmin(ReadOnlyAdmin):
    """Requests to take back a redemption above the limit."""

    empty_text = _("A request to take back a redemption above the limit appears here.")
    refusals = (VoucherError,)
    list_display = ("voucher", "amount", "asker", "asked_at", "state")
    list_filter = ("decision",)
    list_select_related = (
        "voucher__owner",
        "redemption__station",
        "asked_by_profile",
        "asked_by_user",
        "decided_by",
    )
    ordering = ("-id",)
    fields = (
        ("voucher", "amount"),
        ("asker", "channel", "asked_at"),
        "reason",
        ("state", "decided_by", "decided_at"),
        "decision_reason",
    )
    readonly_fields = (
        "voucher",
        "amount",
        "asker",
        "channel",
        "asked_at",
        "reason",
        "state",
        "decided_by",
        "decided_at",
        "decision_reason",
    )
    actions_detail = ("approve_one", "refuse_one")

    @display(description=_("Amount"))
    def amount(self, row: ReversalRequest) -> str:
        return _amount(row)

    @display(description=_("Asked by"))
    def asker(self, row: ReversalRequest) -> str:
        return _asker(row)

    @display(description=_("Decision"), label=COLOURS)
    def state(self, row: ReversalRequest) -> str:
        return row.get_decision_display()

    @form_action(
        _("Approve"),
        path="approve",
        icon="verified",
        permission=RULES[Operation.APPROVE].permission,
        offered=_waits,
        asks_who=lambda call: limits.needs_reauthentication(_money(call.row)),
        unmet=_refusals,
        subjects=_facts,
        explanation=_(
            "The voucher can be spent again, and the station is not paid for this"
            " redemption. The person who asked cannot approve it."
        ),
    )
    def approve_one(self, call: ActionCall[ReversalRequest]) -> str:
        voucher = _decide(call, Decision.APPROVED, call.reason, f"admin:{call.key}")
        call.log_change(call.row, f"Approved: {call.reason}")
        return gettext("Voucher {reference} can be spent again.").format(
            reference=voucher.reference
        )

    @form_action(
        _("Refuse"),
        path="refuse",
        icon="block",
        permission=RULES[Operation.APPROVE].permission,
        offered=_waits,
        subjects=_facts,
        explanation=_("The redemption stays."),
        is_dangerous=True,
    )
    def refuse_one(self, call: ActionCall[ReversalRequest]) -> str:
        voucher = _decide(call, Decision.REFUSED, call.reason, f"admin:{call.key}")
        call.log_change(call.row, f"Refused: {call.reason}")
        return gettext("The redemption of {reference} stays.").format(
            reference=voucher.reference
        )
