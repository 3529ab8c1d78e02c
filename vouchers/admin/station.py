from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.reason import ReasonForm, ask
from vouchers.errors import VoucherError
from vouchers.models import Station
from vouchers.services import profiles

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class StationForm(ReasonForm):
    """A station's code and name."""

    field_order = ["code", "name", "reason"]
    code = forms.CharField(max_length=32, widget=UnfoldAdminTextInputWidget)
    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget)


@admin.register(Station)
class StationAdmin(ReadOnlyAdmin):
    """Stations that redeem vouchers."""

    list_display = ("code", "name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("code", "name")
    ordering = ("code",)
    fields = (("code", "name"), ("is_active", "created_at"))
    readonly_fields = ("code", "name", "is_active", "created_at")
    actions_list = ("add_one",)

    def has_people_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("vouchers.change_people")

    @action(
        description="Add a station",
        url_path="new",
        icon="add",
        permissions=["people"],
    )
    def add_one(self, request: HttpRequest) -> HttpResponse:
        """Create a station, or rename the one with this code."""
        form = StationForm(request.POST or None, label_suffix="")
        back = reverse("admin:vouchers_station_changelist")
        if form.is_valid():
            given = form.cleaned_data
            try:
                station = profiles.add_station(code=given["code"], name=given["name"])
            except VoucherError as error:
                form.add_error(None, str(error))
            else:
                self.log_change(request, station, f"Saved: {given['reason']}")
                messages.success(request, f"Station {station.name} saved.")
                return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title="Add a station",
            explanation="If the code exists, its station gets the new name.",
            submit="Save",
            back=back,
        )
