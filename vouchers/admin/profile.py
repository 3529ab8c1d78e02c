from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Value
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import person_of
from easymo.backoffice.reason import ReasonForm
from easymo.backoffice.windows import Served
from easymo.observability.privacy import mask_msisdn
from vouchers.admin.base import NumberSearchAdmin, may_see_numbers
from vouchers.admin.change import RecordedHistory
from vouchers.errors import VoucherError
from vouchers.models import Profile, Station
from vouchers.msisdn import InvalidMsisdn
from vouchers.services import profiles, roles

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

ROLE_COLOURS = {
    Profile.Role.CUSTOMER.label: "info",
    Profile.Role.STATION.label: "warning",
    Profile.Role.STAFF.label: "success",
    Profile.Role.SUPPORT.label: "success",
}

CHANGEABLE = ("name", "role", "station", "language", "user", "is_active")
EXPLANATION = _(
    "The role decides what the person may do on all channels. A role above customer takes"
    " effect when a second operator has confirmed it."
)


class PersonForm(ReasonForm):
    """The fields of a person that can change."""

    field_order = [*CHANGEABLE, "reason"]
    name = forms.CharField(
        max_length=120, required=False, widget=UnfoldAdminTextInputWidget
    )
    role = forms.ChoiceField(
        choices=Profile.Role.choices, widget=UnfoldAdminSelectWidget
    )
    station = forms.ModelChoiceField(
        Station.objects.filter(is_active=True),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Station staff redeem at this station only."),
    )
    language = forms.ChoiceField(
        choices=[("", _("The language of their messages")), *Profile.Language.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    user = forms.ModelChoiceField(
        get_user_model().objects.order_by("username"),
        required=False,
        label=_("Own account"),
        widget=UnfoldAdminSelectWidget,
        help_text=_(
            "The account of the same person. They cannot approve what they request"
            " with this number."
        ),
    )
    is_active = forms.BooleanField(
        required=False, label=_("Active"), widget=UnfoldBooleanSwitchWidget
    )


class NewPersonForm(PersonForm):
    """A new person is identified by a number."""

    field_order = ["msisdn", *PersonForm.field_order]
    msisdn = forms.CharField(
        max_length=32,
        label=_("Number"),
        help_text=_("0788123456 or +250 788 123 456"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


@admin.register(Profile)
class ProfileAdmin(RecordedHistory, NumberSearchAdmin):
    """Customers and colleagues, on all channels."""

    empty_text = _(
        "Customers appear here when they write for the first time. Add colleagues here."
    )
    first_action = "add_one"
    refusals = (VoucherError, InvalidMsisdn)
    number_lookup = "msisdn"
    list_display = ("person", "number", "kind", "station", "language", "is_active")
    list_filter = ("role", "station", "language", "is_active", "is_sandbox")
    served_filters = (
        Served("is_active", value="0"),
        Served("is_sandbox", value="1"),
        Served("station"),
        Served("role"),
        Served("language"),
    )
    list_select_related = ("station",)
    search_fields = ("name", "=public_id")
    search_help_text = _("A name, or a whole number in any spelling")
    ordering = ("-id",)
    fields = (
        ("person", "shown_number", "kind"),
        ("station", "language", "is_active", "is_sandbox"),
        ("public_id", "user", "created_at"),
    )
    readonly_fields = (
        "person",
        "shown_number",
        "kind",
        "station",
        "language",
        "is_active",
        "is_sandbox",
        "public_id",
        "user",
        "created_at",
    )
    actions_list = ("add_one",)
    actions_detail = ("everything_one", "change_one")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        """Annotate whether the user may see whole numbers."""
        rows: QuerySet[Profile] = super().get_queryset(request)
        return rows.annotate(may_see=Value(may_see_numbers(request)))

    @display(description=_("Name"), ordering="name")
    def person(self, row: Profile) -> str:
        return str(row)

    @display(description=_("Number"))
    def number(self, row: Profile) -> str:
        return mask_msisdn(row.msisdn)

    @display(description=_("Number"))
    def shown_number(self, row: Any) -> str:
        return (row.msisdn or "—") if row.may_see else mask_msisdn(row.msisdn)

    @display(description=_("Role"), label=ROLE_COLOURS)
    def kind(self, row: Profile) -> str:
        return row.get_role_display()

    @action(
        description=_("Everything about this person"),
        url_path="everything",
        icon="person_search",
        permissions=["view"],
    )
    def everything_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the page with vouchers, conversations, notes and changes."""
        return redirect("customer", object_id)

    @form_action(
        _("Add a person"),
        path="new",
        icon="person_add",
        permission="vouchers.change_people",
        asks_who=True,
        form=NewPersonForm,
        initial=lambda _call: {"is_active": True},
        explanation=EXPLANATION,
        submit=_("Save"),
    )
    def add_one(self, call: ActionCall[None]) -> str:
        """Create a person by number; a known number is refused."""
        return _store(call, None)

    @form_action(
        _("Change"),
        path="alter",
        offered=lambda call: call.row.erased_at is None,
        icon="edit",
        permission="vouchers.change_people",
        asks_who=True,
        form=PersonForm,
        initial=lambda call: {name: getattr(call.row, name) for name in CHANGEABLE},
        title=lambda call: gettext("Change {row}").format(row=call.row),
        explanation=EXPLANATION,
        submit=_("Save"),
    )
    def change_one(self, call: ActionCall[Profile]) -> str:
        """Change the data of a person, with a reason."""
        return _store(call, call.row)


def _store(call: ActionCall[Any], profile: Profile | None) -> str:
    given = {
        name: each for name, each in call.data.items() if name not in {"reason", "key"}
    }
    giver = roles.Giver.of_user(person_of(call.request), reason=call.reason)
    stored = profiles.create_or_change_profile(
        profile=profile,
        is_new=profile is None,
        is_user_cleared=given["user"] is None,
        giver=giver,
        **given,
    )
    call.log_change(stored, f"Saved: {call.reason}")
    if stored.role != given["role"]:
        role = Profile.Role(given["role"]).label
        return gettext(
            "{stored} saved. The role {role} waits for a second operator."
        ).format(stored=stored, role=role)
    return gettext("{stored} saved.").format(stored=stored)
