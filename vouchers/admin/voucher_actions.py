"""The actions on a voucher: who may, when each is offered, and what is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDateWidget

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import person_of
from easymo.backoffice.reason import ReasonForm
from vouchers import limits
from vouchers.actors import Actor
from vouchers.admin.approval import request_facts
from vouchers.authority import RULES, Operation
from vouchers.errors import VoucherError
from vouchers.models import Voucher
from vouchers.money import Money, shown_money
from vouchers.services.approve import approve_voucher, decline_voucher
from vouchers.services.extend import Extended, extend_voucher
from vouchers.services.reverse import Reversal, reverse_redemption
from vouchers.services.rotate import rotate_code
from vouchers.services.transition import KIGALI
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from easymo.backoffice.actions import Words


class LastDayForm(ReasonForm):
    """Asks for the new last day of a voucher."""

    field_order = ["last_day", "reason"]
    last_day = forms.DateField(label=_("New last day"), widget=UnfoldAdminDateWidget)


def _amount_and_owner(call: ActionCall[Voucher]) -> list[str]:
    return [
        gettext("{row} for {owner}").format(
            row=amount_of(call.row), owner=call.row.owner
        )
    ]


def _money(voucher: Voucher) -> Money:
    return Money(voucher.amount_minor, voucher.currency)


def amount_of(voucher: Voucher) -> str:
    return shown_money(_money(voucher))


def voucher_action(
    description: Words,
    *,
    operation: Operation,
    offered_in: Voucher.Status,
    act: Callable[[ActionCall[Voucher]], object],
    title: Words = "",
    subjects: Callable[[ActionCall[Voucher]], list[str]] = _amount_and_owner,
    **declared: Any,
) -> Any:
    """Declare an action that asks for a reason and does an operation on a voucher."""
    return form_action(
        description,
        permission=RULES[operation].permission,
        offered=lambda call: call.row.status_at(timezone.now()) == offered_in,
        unmet=lambda call: _refusals(act, call),
        title=lambda call: f"{title or description} {call.row.reference}",
        subjects=subjects,
        **declared,
    )


def _refusals(
    act: Callable[[ActionCall[Voucher]], object], call: ActionCall[Voucher]
) -> list[str]:
    """Try the operation and take it back: only the database knows all its rules."""
    data = {"reason": "trial", "key": uuid4()}
    trial = ActionCall(page=call.page, request=call.request, row=call.row, data=data)
    try:
        with transaction.atomic():
            act(trial)
            transaction.set_rollback(True)
    except VoucherError as error:
        return [str(error)]
    return []


def _approve(call: ActionCall[Voucher]) -> object:
    return approve_voucher(
        voucher=call.row, approver=person_of(call.request), **_given(call)
    )


def _decline(call: ActionCall[Voucher]) -> object:
    return decline_voucher(
        voucher=call.row, approver=person_of(call.request), **_given(call)
    )


def _void(call: ActionCall[Voucher]) -> object:
    return void_voucher(
        voucher_id=call.row.public_id, actor=_actor(call), **_given(call)
    )


def _reverse(call: ActionCall[Voucher]) -> Reversal:
    return reverse_redemption(voucher=call.row, actor=_actor(call), **_given(call))


def _extend(call: ActionCall[Voucher]) -> Extended:
    # The trial of the page has no day yet.
    day = call.data.get("last_day") or _last_day(call.row) + timedelta(days=1)
    return extend_voucher(
        voucher=call.row, last_day=day, actor=_actor(call), **_given(call)
    )


def _last_day(voucher: Voucher) -> date:
    return timezone.localdate(voucher.expires_at, KIGALI)


def _rotate(call: ActionCall[Voucher]) -> object:
    return rotate_code(voucher=call.row, actor=_actor(call), **_given(call))


class VoucherActions:
    """The actions; ``VoucherAdmin`` shows them on the page of a voucher."""

    @voucher_action(
        _("Approve"),
        path="approve",
        act=_approve,
        icon="verified",
        operation=Operation.APPROVE,
        offered_in=Voucher.Status.PENDING_APPROVAL,
        asks_who=lambda call: limits.needs_reauthentication(_money(call.row)),
        subjects=lambda call: request_facts(call.row),
        explanation=_(
            "The voucher is issued and its code is sent. Neither the person who"
            " requested it can approve it, nor the one who gave that person their role in"
            " the last 30 days."
        ),
    )
    def approve_one(self, call: ActionCall[Voucher]) -> str:
        _approve(call)
        return _log(call, "Approve", gettext("approved"))

    @voucher_action(
        _("Decline"),
        path="decline",
        act=_decline,
        icon="block",
        operation=Operation.APPROVE,
        offered_in=Voucher.Status.PENDING_APPROVAL,
        subjects=lambda call: request_facts(call.row),
        explanation=_("The request is declined and no code is made."),
        is_dangerous=True,
    )
    def decline_one(self, call: ActionCall[Voucher]) -> str:
        _decline(call)
        return _log(call, "Decline", gettext("declined"))

    @voucher_action(
        pgettext_lazy("action", "Void"),
        path="void",
        act=_void,
        icon="cancel",
        operation=Operation.VOID,
        offered_in=Voucher.Status.ISSUED,
        explanation=_("The voucher loses its value. This cannot be undone."),
        is_dangerous=True,
    )
    def void_one(self, call: ActionCall[Voucher]) -> str:
        """Void the voucher. It works while vouchers are switched off."""
        _void(call)
        return _log(call, "Void", gettext("voided"))

    @voucher_action(
        _("New code"),
        path="rotate",
        act=_rotate,
        icon="password",
        operation=Operation.ROTATE,
        offered_in=Voucher.Status.ISSUED,
        title=_("New code for"),
        explanation=_(
            "The old code is no longer valid. The new code is sent to the"
            " owner and is not shown here."
        ),
    )
    def rotate_one(self, call: ActionCall[Voucher]) -> str:
        _rotate(call)
        return _log(call, "New code for", gettext("has a new code"))

    @voucher_action(
        _("Extend"),
        path="extend",
        act=_extend,
        icon="event_upcoming",
        operation=Operation.EXTEND,
        offered_in=Voucher.Status.ISSUED,
        form=LastDayForm,
        initial=lambda call: {"last_day": _last_day(call.row) + timedelta(days=30)},
        explanation=_(
            "The voucher is valid until the end of the new last day. Its owner is"
            " told. An expired voucher cannot be extended: issue a new one."
        ),
    )
    def extend_one(self, call: ActionCall[Voucher]) -> str:
        """Give the voucher a later last day."""
        until = _last_day(_extend(call).voucher)
        return _log(
            call,
            "Extend",
            gettext("is valid until {day}").format(day=date_format(until, "j F Y")),
        )

    @voucher_action(
        _("Take back redemption"),
        path="reverse",
        act=_reverse,
        icon="undo",
        operation=Operation.REVERSE,
        offered_in=Voucher.Status.REDEEMED,
        title=_("Take back the redemption of"),
        explanation=_(
            "The voucher can be spent again, and the station is not paid for this"
            " redemption. Above the limit a second person decides."
        ),
        is_dangerous=True,
    )
    def reverse_one(self, call: ActionCall[Voucher]) -> str:
        """Take back a redemption. It works while vouchers are switched off."""
        if _reverse(call).is_requested:
            return _log(call, "Take back", gettext("waits for a second person"))
        return _log(call, "Take back", gettext("can be spent again"))


def _given(call: ActionCall[Voucher]) -> dict[str, str]:
    return {"reason": call.reason, "key": f"admin:{call.key}"}


def _actor(call: ActionCall[Voucher]) -> Actor:
    return Actor.of_user(person_of(call.request))


def _log(call: ActionCall[Voucher], title: str, done: str) -> str:
    """Write the history, which is stored in English; return the sentence for the page."""
    call.log_change(call.row, f"{title}: {call.reason}")
    return gettext("Voucher {reference} {done}.").format(
        reference=call.row.reference, done=done
    )
