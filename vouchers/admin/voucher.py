from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from easymo.backoffice.ranges import DayRangeFilter
from easymo.backoffice.reason import ask
from easymo.backoffice.windows import Served
from easymo.observability.privacy import mask_msisdn
from vouchers.admin.telling import what_to_tell
from vouchers.admin.trail_sentences import steps
from vouchers.admin.voucher_actions import VoucherActions, amount_of
from vouchers.admin.voucher_papers import VoucherPapers
from vouchers.admin.voucher_search import (
    MISTYPED,
    StatusFilter,
    VoucherSearch,
    with_code,
)
from vouchers.audit import verify as audit
from vouchers.codes import InvalidCode, MistypedCode, parse_code
from vouchers.errors import Locked, VoucherError
from vouchers.models import Voucher

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


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


@admin.register(Voucher)
class VoucherAdmin(VoucherActions, VoucherPapers, VoucherSearch):
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
        *("extend_one", "reverse_one", "card_one", "check_one"),
        {
            "title": _("Trail on paper"),
            "icon": "description",
            "items": ["print_one", "pdf_one", "export_one"],
        },
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
    change_form_outer_before_template = "admin/vouchers/head.html"
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
            found = Voucher.objects.select_related("owner", "station")
            voucher = get_object_or_404(found, pk=object_id)
            now = timezone.now()
            may = request.user.has_perm
            broken = audit.verify_one(voucher=voucher)
            incident = import_string(settings.VOUCHER_INCIDENT)
            status = Voucher.Status(voucher.status_at(now))
            extra = {
                "status_now": str(status),
                "status_label": gettext(status.label),
                "status_amount": amount_of(voucher),
                "told": what_to_tell(voucher, now),
                "owner_link": reverse("customer", args=[voucher.owner_id]),
                "trail": steps(voucher, may=may),
                "broken": broken,
                "incident": incident(may) if broken else "",
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
        return amount_of(row)

    @display(description=_("Status"), label=STATUS_COLOURS)
    def state(self, row: Voucher) -> str:
        return gettext(Voucher.Status(row.status_at(timezone.now())).label)

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
