from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.reason import ReasonForm
from vouchers.admin.change import RecordedHistory
from vouchers.errors import VoucherError
from vouchers.models import Station
from vouchers.services import profiles

# What customers are told about a station.
PLACE = ("name", "town", "address", "opening")


def _optional(longest: int, text: Any) -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=longest,
        help_text=text,
        widget=UnfoldAdminTextInputWidget,
    )


class StationForm(ReasonForm):
    """A station's name, and whether it redeems."""

    field_order = [*PLACE, "is_active", "reason"]
    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget)
    town = _optional(60, _("Customers find the station by it: Huye."))
    address = _optional(120, _("Street or a place that people know."))
    opening = _optional(80, _("As customers read it: every day 06:00-22:00."))
    is_active = forms.BooleanField(
        required=False,
        label=_("Active"),
        help_text=_("A station that is not active redeems nothing."),
        widget=UnfoldBooleanSwitchWidget,
    )


class NewStationForm(ReasonForm):
    """A new station's code and name."""

    field_order = ["code", *PLACE, "reason"]
    code = forms.CharField(
        max_length=32,
        help_text=_("Letters, digits, dashes and underscores. It stays as it is."),
        widget=UnfoldAdminTextInputWidget,
    )
    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget)
    town = _optional(60, _("Customers find the station by it: Huye."))
    address = _optional(120, _("Street or a place that people know."))
    opening = _optional(80, _("As customers read it: every day 06:00-22:00."))


@admin.register(Station)
class StationAdmin(RecordedHistory, ReadOnlyAdmin):
    """Stations that redeem vouchers."""

    empty_text = _("Stations redeem vouchers. Station staff need one.")
    first_action = "add_one"
    refusals = (VoucherError,)
    list_display = ("code", "name", "town", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("code", "name", "town")
    ordering = ("code",)
    fields = (
        ("code", "name"),
        ("town", "address", "opening"),
        ("is_active", "created_at"),
    )
    readonly_fields = ("code", *PLACE, "is_active", "created_at")
    actions_list = ("add_one",)
    actions_detail = ("change_one",)

    @form_action(
        _("Add a station"),
        path="new",
        icon="add",
        permission="vouchers.change_people",
        form=NewStationForm,
        explanation=_("Its staff redeem vouchers there."),
        submit=_("Save"),
    )
    def add_one(self, call: ActionCall[None]) -> str:
        """Create a station; a code that exists is refused."""
        station = profiles.add_station(
            code=call.data["code"],
            is_new=True,
            **{name: call.data[name] for name in PLACE},
        )
        call.log_change(station, f"Saved: {call.reason}")
        return gettext("Station {name} saved.").format(name=station.name)

    @form_action(
        _("Change"),
        path="alter",
        icon="edit",
        permission="vouchers.change_people",
        form=StationForm,
        initial=lambda call: {
            **{name: getattr(call.row, name) for name in PLACE},
            "is_active": call.row.is_active,
        },
        title=lambda call: gettext("Change {row}").format(row=call.row),
        submit=_("Save"),
    )
    def change_one(self, call: ActionCall[Station]) -> str:
        """Rename a station, close it or open it again."""
        station = profiles.change_station(
            station=call.row,
            is_active=call.data["is_active"],
            **{name: call.data[name] for name in PLACE},
        )
        call.log_change(station, f"Saved: {call.reason}")
        return gettext("Station {name} saved.").format(name=station.name)
