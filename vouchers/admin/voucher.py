from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import person_of
from easymo.backoffice.ranges import DayRangeFilter
from easymo.backoffice.reason import ask
from easymo.backoffice.windows import Served
from easymo.observability.privacy import mask_msisdn
from vouchers.actors import Actor
from vouchers.admin.approval import request_facts
from vouchers.admin.trail_sentences import steps
from vouchers.admin.voucher_search import (
    MISTYPED,
    StatusFilter,
    VoucherSearch,
    with_code,
)
from vouchers.audit import export
from vouchers.audit import verify as audit
from vouchers.authority import RULES, Operation
from vouchers.codes import InvalidCode, MistypedCode, parse_code
from vouchers.errors import Locked, VoucherError
from vouchers.models import Voucher
from vouchers.money import Money, format_money
from vouchers.services.approve import approve_voucher, decline_voucher
from vouchers.services.reverse import Reversal, reverse_redemption
from vouchers.services.rotate import rotate_code
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from easymo.backoffice.actions import Words
    from collections.abc import Callable

    from django.http import HttpRequest


STATUS_COLOURS = {
    Voucher.Status.PENDING_APPROVAL.label: "warning",
    Voucher.Status.ISSUED.label: "info",
    Voucher.Status.REDEEMED.label: "success",
    Voucher.Status.VOID.label: "danger",
    Voucher.Status.EXPIRED.label: "danger",
}


class CodeForm(forms.Form):
    """Takes a whole code by POST, so that it is in no URL and no log."""

    code = forms.CharField(
        max_length=40,
        label=_("The whole code"),
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "off", "inputmode": "numeric"}
        ),
    )


def _amount_and_owner(call: ActionCall[Voucher]) -> list[str]:
    return [
        gettext("{row} for {owner}").format(row=_amount(call.row), owner=call.row.owner)
    ]


def _amount(voucher: Voucher) -> str:
    return format_money(Money(voucher.amount_minor, voucher.currency))


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


def _rotate(call: ActionCall[Voucher]) -> object:
    return rotate_code(voucher=call.row, actor=_actor(call), **_given(call))


@admin.register(Voucher)
class VoucherAdmin(VoucherSearch):
    """Vouchers with their trails, and the actions on a voucher."""

    empty_text = _(
        "Vouchers appear here when staff issue them in a conversation or a "
        "program over the API."
    )
    refusals = (VoucherError,)
    number_lookup = "owner__msisdn"
    actions_list = ("find_by_code",)
    actions_detail = (
        *("approve_one", "decline_one", "void_one", "rotate_one"),
        *("reverse_one", "export_one"),
    )
    list_display = ("reference", "person", "amount", "state", "created_at", "ends")
    list_display_links = ("reference",)
    list_filter = (
        StatusFilter,
        "station",
        ("created_at", DayRangeFilter),
        ("redeemed_at", DayRangeFilter),
    )
    list_filter_submit = True
    served_filters = (Served("created_at", "-created_at"),)
    list_select_related = ("owner", "station")
    search_fields = ("=reference", "=code_last4", "owner__name", "=public_id")
    search_help_text = _(
        "Reference, code, last four digits, owner's name or whole number"
    )
    ordering = ("-id",)
    fields = (
        ("reference", "state", "amount"),
        ("person", "number", "last_four"),
        ("created_at", "issued_at", "expires_at"),
        ("redeemed_at", "station", "voided_at"),
    )
    readonly_fields = (
        "reference",
        "state",
        "amount",
        "person",
        "number",
        "last_four",
        "created_at",
        "issued_at",
        "expires_at",
        "redeemed_at",
        "station",
        "voided_at",
    )
    change_form_after_template = "admin/vouchers/trail.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the voucher with its trail and the faults in it."""
        extra: dict[str, Any] = {}
        if object_id and object_id.isdigit():
            voucher = get_object_or_404(Voucher, pk=object_id)
            extra = {
                "trail": steps(voucher),
                "broken": audit.verify_one(voucher=voucher),
            }
        context = (extra_context or {}) | extra
        return super().changeform_view(request, object_id, form_url, context)

    @display(description=_("Owner"))
    def person(self, row: Voucher) -> str:
        return str(row.owner)

    @display(description=_("Number"))
    def number(self, row: Voucher) -> str:
        return mask_msisdn(row.owner.msisdn)

    @display(description=_("Amount"), ordering="amount_minor")
    def amount(self, row: Voucher) -> str:
        return _amount(row)

    @display(description=_("Status"), label=STATUS_COLOURS)
    def state(self, row: Voucher) -> str:
        return str(Voucher.Status(row.status_at(timezone.now())).label)

    @display(description=_("Expires"), ordering="expires_at")
    def ends(self, row: Voucher) -> object:
        return row.expires_at

    @display(description=_("Code"))
    def last_four(self, row: Voucher) -> str:
        return f"•••• •••• •••• {row.code_last4}" if row.code_last4 else "—"

    @action(
        description=_("Find by code"), url_path="find", icon="pin", permissions=["view"]
    )
    def find_by_code(self, request: HttpRequest) -> HttpResponse:
        """Open the voucher with this code. The code is not stored or logged."""
        form = CodeForm(request.POST or None, label_suffix="")
        if form.is_valid():
            try:
                code = parse_code(form.cleaned_data["code"])
            except MistypedCode:
                form.add_error("code", MISTYPED)
            except InvalidCode:
                form.add_error("code", gettext("A code has 16 digits."))
            else:
                try:
                    voucher = with_code(code, request)
                except Locked as error:
                    form.add_error("code", str(error))
                else:
                    if voucher is not None:
                        return redirect("admin:vouchers_voucher_change", voucher.pk)
                    form.add_error(
                        "code", gettext("There is no voucher with this code.")
                    )
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=gettext("Find a voucher by its code"),
            explanation=gettext(
                "The code is compared with its stored HMAC. It is not kept."
            ),
            submit=gettext("Find"),
            back=reverse("admin:vouchers_voucher_changelist"),
        )

    @voucher_action(
        _("Approve"),
        path="approve",
        act=_approve,
        icon="verified",
        operation=Operation.APPROVE,
        offered_in=Voucher.Status.PENDING_APPROVAL,
        subjects=lambda call: request_facts(call.row),
        explanation=_(
            "The voucher is issued and its code is sent. Neither the person who"
            " requested it can approve it, nor the one who gave that person their role in"
            " the last 30 days."
        ),
    )
    def approve_one(self, call: ActionCall[Voucher]) -> str:
        _approve(call)
        return _log(call, gettext("Approve"), "approved")

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
        return _log(call, gettext("Decline"), "declined")

    @voucher_action(
        _("Void"),
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
        return _log(call, gettext("Void"), "voided")

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
        return _log(call, gettext("New code for"), gettext("has a new code"))

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
            return _log(
                call, gettext("Take back"), gettext("waits for a second person")
            )
        return _log(call, gettext("Take back"), gettext("can be spent again"))

    @action(
        description=_("Export with proof"),
        url_path="export",
        icon="verified",
        permissions=["view"],
    )
    def export_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Download the trail with its proof against the last checkpoint."""
        voucher = get_object_or_404(
            Voucher.objects.select_related("owner"), pk=object_id
        )
        page = export.as_html(export.export(voucher=voucher))
        name = f"attachment; filename={voucher.reference}.html"
        return HttpResponse(page, headers={"Content-Disposition": name})


def _given(call: ActionCall[Voucher]) -> dict[str, str]:
    return {"reason": call.reason, "key": f"admin:{call.key}"}


def _actor(call: ActionCall[Voucher]) -> Actor:
    return Actor.of_user(person_of(call.request))


def _log(call: ActionCall[Voucher], title: str, done: str) -> str:
    call.log_change(call.row, f"{title}: {call.reason}")
    return gettext("Voucher {reference} {done}.").format(
        reference=call.row.reference, done=done
    )
