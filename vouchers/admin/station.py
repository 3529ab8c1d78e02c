from __future__ import annotations

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminTextInputWidget

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.reason import ReasonForm
from vouchers.admin.change import RecordedHistory
from vouchers.errors import VoucherError
from vouchers.models import Station
from vouchers.services import profiles


class StationForm(ReasonForm):
    """A station's code and name."""

    field_order = ["code", "name", "reason"]
    code = forms.CharField(max_length=32, widget=UnfoldAdminTextInputWidget)
    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget)


@admin.register(Station)
class StationAdmin(RecordedHistory, ReadOnlyAdmin):
    """Stations that redeem vouchers."""

    refusals = (VoucherError,)
    list_display = ("code", "name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("code", "name")
    ordering = ("code",)
    fields = (("code", "name"), ("is_active", "created_at"))
    readonly_fields = ("code", "name", "is_active", "created_at")
    actions_list = ("add_one",)

    @form_action(
        "Add a station",
        path="new",
        icon="add",
        permission="vouchers.change_people",
        form=StationForm,
        explanation="If the code exists, its station gets the new name.",
        submit="Save",
    )
    def add_one(self, call: ActionCall[None]) -> str:
        """Create a station, or rename the one with this code."""
        station = profiles.add_station(code=call.data["code"], name=call.data["name"])
        call.log_change(station, f"Saved: {call.reason}")
        return f"Station {station.name} saved."
