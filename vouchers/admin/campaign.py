"""Campaigns: their budgets, what is left of them, and their stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin, person_of
from easymo.backoffice.reason import ReasonForm
from vouchers.batches import campaigns
from vouchers.errors import VoucherError
from vouchers.models import Batch, Campaign
from vouchers.money import Money, major_units, shown_money
from vouchers.services.transition import KIGALI

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

PERMISSION = "vouchers.issue_batch"
LARGEST_BUDGET = 1_000_000_000_000
# As ``campaign_used`` in ``sql/schema/campaign.sql``.
USED = Subquery(
    Batch.objects.filter(campaign=OuterRef("pk"), state__in=["issuing", "done"])
    .order_by()
    .values("campaign")
    .annotate(
        used=Sum(
            Case(
                When(Q(state="issuing"), then=F("total_minor")),
                default=F("issued_minor"),
            )
        )
    )
    .values("used")
)


class CampaignForm(ReasonForm):
    """A new campaign."""

    field_order = ["name", "budget", "currency", "first_day", "last_day", "reason"]
    name = forms.CharField(
        label=_("Name"), max_length=100, widget=UnfoldAdminTextInputWidget
    )
    budget = forms.IntegerField(
        label=_("Budget"),
        min_value=1,
        max_value=LARGEST_BUDGET,
        help_text=_("In whole units of the currency."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    currency = forms.ChoiceField(
        label=_("Currency"),
        choices=lambda: [(each, each) for each in settings.VOUCHER_CURRENCIES],
        widget=UnfoldAdminSelectWidget,
    )
    first_day = forms.DateField(label=_("First day"), widget=UnfoldAdminDateWidget)
    last_day = forms.DateField(label=_("Last day"), widget=UnfoldAdminDateWidget)


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    """Campaigns with what was issued, is left and was redeemed."""

    empty_text = _(
        "A campaign is a budget with a first and a last day. Spreadsheets that belong to"
        " it are issued within it only."
    )
    first_action = "add_one"
    refusals = (VoucherError,)
    list_display = ("name", "days", "budget", "used", "left", "state_now")
    search_fields = ("=name",)
    ordering = ("-id",)
    fields = (
        ("name", "state_now", "days"),
        ("budget", "used", "left"),
        ("issued", "redeemed"),
        ("created_by", "created_at", "reason"),
        ("stopped_by", "stopped_at", "stop_reason"),
    )
    readonly_fields = (
        *("name", "state_now", "days", "budget", "used", "left", "issued", "redeemed"),
        *("created_by", "created_at", "reason"),
        *("stopped_by", "stopped_at", "stop_reason"),
    )
    actions_list = ("add_one",)
    actions_detail = ("stop_one",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        """Annotate what the batches take of the budget."""
        rows: QuerySet[Campaign] = super().get_queryset(request)
        return rows.annotate(used_minor=Coalesce(USED, Value(0)))

    @display(description=_("Days"))
    def days(self, row: Campaign) -> str:
        return f"{row.first_day:%d %b %Y} – {row.last_day:%d %b %Y}"

    @display(description=_("Budget"))
    def budget(self, row: Campaign) -> str:
        return _money(row, row.budget_minor)

    @display(description=_("Used"))
    def used(self, row: Any) -> str:
        return _money(row, row.used_minor)

    @display(description=_("Left"))
    def left(self, row: Any) -> str:
        return _money(row, row.budget_minor - row.used_minor)

    @display(description=_("Issued"))
    def issued(self, row: Campaign) -> str:
        made = campaigns.figures(row)
        return f"{made.issued:,} · {_money(row, made.issued_minor)}"

    @display(description=_("Redeemed"))
    def redeemed(self, row: Campaign) -> str:
        made = campaigns.figures(row)
        return f"{made.redeemed:,} · {_money(row, made.redeemed_minor)}"

    @display(description=_("State"))
    def state_now(self, row: Campaign) -> Any:
        today = timezone.localdate(timezone=KIGALI)
        if row.stopped_at is not None:
            return _("Stopped")
        if today < row.first_day:
            return _("Not begun")
        return _("Running") if today <= row.last_day else _("Over")

    @form_action(
        _("Begin a campaign"),
        path="new",
        icon="campaign",
        permission=PERMISSION,
        form=CampaignForm,
        explanation=_(
            "Name, budget and days cannot be changed afterwards; a campaign can be"
            " stopped."
        ),
        submit=_("Begin"),
    )
    def add_one(self, call: ActionCall[None]) -> str:
        """Create a campaign."""
        given = call.data
        currency = given["currency"]
        budget = Money(major_units(given["budget"], currency), currency)
        row = campaigns.create_campaign(
            name=given["name"],
            budget=budget,
            first_day=given["first_day"],
            last_day=given["last_day"],
            reason=call.reason,
            user=person_of(call.request),
        )
        call.log_change(row, f"Begun: {call.reason}")
        return f"{row} has a budget of {_money(row, row.budget_minor)}."

    @form_action(
        _("Stop"),
        path="stop",
        icon="block",
        permission=PERMISSION,
        offered=lambda call: call.row.stopped_at is None,
        title=lambda call: f"Stop {call.row}",
        explanation=_(
            "Nothing more is issued for this campaign, for ever. Vouchers that were"
            " issued stay valid."
        ),
        is_dangerous=True,
    )
    def stop_one(self, call: ActionCall[Campaign]) -> str:
        user = person_of(call.request)
        row = campaigns.stop_campaign(campaign=call.row, user=user, reason=call.reason)
        call.log_change(row, f"Stopped: {call.reason}")
        return f"{row} is stopped."


def _money(row: Campaign, minor: int) -> str:
    return shown_money(Money(minor, row.currency))
