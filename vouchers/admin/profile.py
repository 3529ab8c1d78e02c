from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Value
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.reason import ReasonForm, ask
from easymo.observability.privacy import mask_msisdn
from vouchers.errors import VoucherError
from vouchers.models import Profile, Station
from vouchers.msisdn import InvalidMsisdn, parse
from vouchers.services import profiles

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

ROLE_COLOURS = {
    Profile.Role.CUSTOMER: "info",
    Profile.Role.STATION: "warning",
    Profile.Role.STAFF: "success",
    Profile.Role.SUPPORT: "success",
}


class PersonForm(ReasonForm):
    """The fields of a person that can change."""

    field_order = ["name", "role", "station", "language", "is_active", "reason"]
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
        help_text="Station staff redeem at this station only.",
    )
    language = forms.ChoiceField(
        choices=[("", "The language of their messages"), *Profile.Language.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    is_active = forms.BooleanField(
        required=False, label="Active", widget=UnfoldBooleanSwitchWidget
    )


class NewPersonForm(PersonForm):
    """A new person is identified by a number."""

    field_order = ["msisdn", *PersonForm.field_order]
    msisdn = forms.CharField(
        max_length=32,
        label="Number",
        help_text="0788123456 or +250 788 123 456",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


@admin.register(Profile)
class ProfileAdmin(ReadOnlyAdmin):
    """Customers and colleagues, on all channels."""

    list_display = ("person", "number", "kind", "station", "language", "is_active")
    list_filter = ("role", "station", "language", "is_active", "is_sandbox")
    list_select_related = ("station",)
    search_fields = ("name", "=public_id")
    search_help_text = "A name, or a whole number in any spelling"
    ordering = ("-id",)
    fields = (
        ("person", "shown_number", "role_word"),
        ("station", "language", "is_active", "is_sandbox"),
        ("public_id", "user", "created_at"),
    )
    readonly_fields = (
        "person",
        "shown_number",
        "role_word",
        "station",
        "language",
        "is_active",
        "is_sandbox",
        "public_id",
        "user",
        "created_at",
    )
    actions_list = ("add_one",)
    actions_detail = ("change_one",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        """Annotate whether the user may see whole numbers."""
        rows: QuerySet[Profile] = super().get_queryset(request)
        may_see = request.user.has_perm("vouchers.see_numbers")
        return rows.annotate(may_see=Value(may_see))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Profile], search_term: str
    ) -> tuple[QuerySet[Profile], bool]:
        """Find a person also by a whole number, in any spelling."""
        try:
            number = parse(search_term.strip())
        except InvalidMsisdn:
            found, is_doubled = super().get_search_results(
                request, queryset, search_term
            )
            return found, bool(is_doubled)
        return queryset.filter(msisdn=number), False

    def has_people_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return request.user.has_perm("vouchers.change_people")

    @display(description="Name", ordering="name")
    def person(self, row: Profile) -> str:
        return str(row)

    @display(description="Number")
    def number(self, row: Profile) -> str:
        return mask_msisdn(row.msisdn)

    @display(description="Number")
    def shown_number(self, row: Any) -> str:
        return (row.msisdn or "—") if row.may_see else mask_msisdn(row.msisdn)

    @display(description="Role", label=ROLE_COLOURS)
    def kind(self, row: Profile) -> tuple[str, str]:
        return row.role, row.get_role_display()

    @display(description="Role")
    def role_word(self, row: Profile) -> str:
        return row.get_role_display()

    @action(
        description="Add a person",
        url_path="new",
        icon="person_add",
        permissions=["people"],
    )
    def add_one(self, request: HttpRequest) -> HttpResponse:
        """Create a person by number, or change the one with this number."""
        form = NewPersonForm(
            request.POST or None, label_suffix="", initial={"is_active": True}
        )
        return self._store(request, form, None, "Add a person")

    @action(description="Change", url_path="alter", icon="edit", permissions=["people"])
    def change_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change the data of a person, with a reason."""
        profile = get_object_or_404(Profile, pk=object_id)
        initial = {
            name: getattr(profile, name)
            for name in ("name", "role", "station", "language", "is_active")
        }
        form = PersonForm(request.POST or None, label_suffix="", initial=initial)
        return self._store(request, form, profile, f"Change {profile}")

    def _store(
        self,
        request: HttpRequest,
        form: PersonForm,
        profile: Profile | None,
        title: str,
    ) -> HttpResponse:
        back = reverse("admin:vouchers_profile_changelist")
        if request.method == "POST" and form.is_valid():
            given = dict(form.cleaned_data)
            reason = given.pop("reason")
            given.pop("key")
            try:
                stored = profiles.create_or_change_profile(profile=profile, **given)
            except (VoucherError, InvalidMsisdn) as error:
                form.add_error(None, str(error))
            else:
                self.log_change(request, stored, f"Saved: {reason}")
                messages.success(request, f"{stored} saved.")
                return redirect("admin:vouchers_profile_change", stored.pk)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=title,
            explanation="The role decides what the person may do on all channels.",
            submit="Save",
            back=back,
        )
