from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.shortcuts import get_object_or_404
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from easymo.observability.privacy import mask_msisdn
from vouchers import selectors
from vouchers.admin.voucher_actions import VoucherActions
from vouchers.models import Voucher
from vouchers.money import Money, format_money
from vouchers.msisdn import InvalidMsisdn, parse
from vouchers.services import audit

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

STATUS_COLOURS = {
    Voucher.Status.PENDING_APPROVAL: "warning",
    Voucher.Status.ISSUED: "info",
    Voucher.Status.REDEEMED: "success",
    Voucher.Status.VOID: "danger",
    Voucher.Status.EXPIRED: "danger",
}


@admin.register(Voucher)
class VoucherAdmin(VoucherActions):
    """Vouchers with their trails."""

    list_display = ("reference", "person", "amount", "state", "created_at", "ends")
    list_display_links = ("reference",)
    list_filter = (
        "status",
        "station",
        ("created_at", RangeDateFilter),
        ("redeemed_at", RangeDateFilter),
    )
    list_filter_submit = True
    list_select_related = ("owner", "station")
    search_fields = ("=reference", "=code_last4", "owner__name", "=public_id")
    search_help_text = "Reference, last four digits, owner's name or whole number"
    ordering = ("-id",)
    fields = (
        ("reference", "status_word", "amount"),
        ("person", "number", "last_four"),
        ("created_at", "issued_at", "expires_at"),
        ("redeemed_at", "station", "voided_at"),
    )
    readonly_fields = (
        "reference",
        "status_word",
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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Voucher], search_term: str
    ) -> tuple[QuerySet[Voucher], bool]:
        """Find vouchers also by the owner's whole number, in any spelling."""
        try:
            number = parse(search_term.strip())
        except InvalidMsisdn:
            found, is_doubled = super().get_search_results(
                request, queryset, search_term
            )
            return found, bool(is_doubled)
        return queryset.filter(owner__msisdn=number), False

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
                "trail": selectors.trail(voucher),
                "broken": audit.verify_one(voucher=voucher),
            }
        context = (extra_context or {}) | extra
        return super().changeform_view(request, object_id, form_url, context)

    @display(description="Owner", ordering="owner__name")
    def person(self, row: Voucher) -> str:
        return str(row.owner)

    @display(description="Number")
    def number(self, row: Voucher) -> str:
        return mask_msisdn(row.owner.msisdn)

    @display(description="Amount", ordering="amount_minor")
    def amount(self, row: Voucher) -> str:
        return format_money(Money(row.amount_minor, row.currency))

    @display(description="Status", label=STATUS_COLOURS)
    def state(self, row: Voucher) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(description="Status")
    def status_word(self, row: Voucher) -> str:
        return row.get_status_display()

    @display(description="Expires", ordering="expires_at")
    def ends(self, row: Voucher) -> object:
        return row.expires_at

    @display(description="Code")
    def last_four(self, row: Voucher) -> str:
        return f"•••• •••• •••• {row.code_last4}" if row.code_last4 else "—"
