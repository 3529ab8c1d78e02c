"""The settlement page: totals by station, downloads, and what is issued and unspent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from vouchers.errors import VoucherError
from vouchers.models import Station
from vouchers.money import Money, shown_money
from vouchers.settlement import files
from vouchers.settlement.figures import KIGALI, open_liabilities, settlement
from vouchers.settlement.statement import statement

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest

    from vouchers.settlement.figures import Settlement, Sums

PDF = "pdf"


class PeriodForm(forms.Form):
    """The days of a settlement, both included, and one station or all."""

    first = forms.DateField(label=_("From"), widget=UnfoldAdminDateWidget)
    last = forms.DateField(label=_("To (included)"), widget=UnfoldAdminDateWidget)
    station = forms.ModelChoiceField(
        Station.objects.order_by("code"),
        required=False,
        empty_label=_("All stations"),
        to_field_name="code",
        widget=UnfoldAdminSelectWidget,
    )


def last_month() -> tuple[date, date]:
    """Return the first and the last day of the month before this one, in Kigali."""
    last = timezone.localdate(timezone=KIGALI).replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def periods() -> list[tuple[str, date, date]]:
    """Return the periods that are one press away."""
    today = timezone.localdate(timezone=KIGALI)
    return [
        (gettext("Last month"), *last_month()),
        (gettext("This month"), today.replace(day=1), today),
        (gettext("Today"), today, today),
    ]


def page(request: HttpRequest) -> HttpResponse:
    """Show the settlement of the chosen days, or return it as a file."""
    if not request.user.has_perm("vouchers.view_voucher"):
        raise PermissionDenied
    first, last = last_month()
    asked: dict[str, Any] = request.GET.dict() or {"first": first, "last": last}
    form = PeriodForm(asked, label_suffix="")
    made: Settlement | None = None
    if form.is_valid():
        chosen = form.cleaned_data
        try:
            made = settlement(**chosen)
            if kind := request.GET.get("format", ""):
                return _file(kind, made, chosen)
        except VoucherError as error:
            form.add_error(None, str(error))
    context = {
        **admin.site.each_context(request),
        "title": gettext("Settlement"),
        "form": form,
        "periods": periods(),
        "made": made,
        "rows": _rows(made) if made else [],
        "totals": _totals(made) if made else [],
        "liabilities": [
            (
                date_format(row.month, "F Y"),
                row.count,
                shown_money(Money(row.minor, row.currency)),
            )
            for row in open_liabilities()
        ],
    }
    return TemplateResponse(request, "admin/vouchers/settlement.html", context)


def _file(kind: str, made: Settlement, chosen: dict[str, Any]) -> HttpResponse:
    name = f"settlement-{made.first}-{made.last}"
    if made.station:
        name = f"{name}-{made.station.code}"
    if kind == PDF and made.station:
        content, content_type = statement(**chosen), "application/pdf"
    elif kind in files.CONTENT_TYPES:
        content, content_type = files.render(made, kind), files.CONTENT_TYPES[kind]
    else:
        return HttpResponse(gettext("There is no such format."), status=400)
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
    )


def _rows(made: Settlement) -> list[dict[str, Any]]:
    return [
        {"station": station, **_amounts(sums, currency)}
        for (station, currency), sums in made.by_station.items()
    ]


def _totals(made: Settlement) -> list[dict[str, Any]]:
    return [_amounts(sums, currency) for currency, sums in sorted(made.totals.items())]


def _amounts(sums: Sums, currency: str) -> dict[str, Any]:
    return {
        "redeemed": sums.redeemed,
        "redeemed_amount": shown_money(Money(sums.redeemed_minor, currency)),
        "reversed": sums.reversed,
        "reversed_amount": shown_money(Money(sums.reversed_minor, currency)),
        "net": shown_money(Money(sums.net_minor, currency)),
    }
