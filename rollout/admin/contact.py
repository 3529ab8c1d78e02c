from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from rollout.admin.actions import ConfirmForm, ask_and_do
from rollout.admin.forms import ContactForm, ShiftForm
from rollout.admin.permissions import ExposureRights
from rollout.core import clock
from rollout.models import Contact, OnCallShift
from rollout.notices import contacts

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

CHANGE = ["change_exposure"]
LIST = "admin:rollout_contact_changelist"


@admin.register(Contact)
class ContactAdmin(ExposureRights, ReadOnlyAdmin):
    """The guide's emergency contacts, in the order to call them."""

    list_display = ("role", "name", "call", "write", "order", "how", "is_active")
    list_filter = ("is_active",)
    search_fields = ("role", "name")
    fields = readonly_fields = (
        "role",
        "name",
        "call",
        "write",
        "order",
        "how",
        "verified_at",
        "is_active",
    )
    actions_list = ("new_contact",)
    actions_detail = ("change_contact", "verify", "on_shift")

    @display(description="Telephone")
    def call(self, row: Contact) -> SafeString | str:
        if not row.phone:
            return "—"
        return format_html('<a href="tel:{}">{}</a>', row.phone, row.phone)

    @display(description="E-mail")
    def write(self, row: Contact) -> SafeString | str:
        if not row.email:
            return "—"
        return format_html('<a href="mailto:{}">{}</a>', row.email, row.email)

    @display(
        description="State",
        label={
            "ready": "success",
            "named, not verified": "warning",
            "placeholder": "danger",
        },
    )
    def how(self, row: Contact) -> str:
        if contacts.is_placeholder(row):
            return "placeholder"
        fresh = clock.now() - contacts.VERIFIED_FOR
        is_fresh = row.verified_at is not None and row.verified_at >= fresh
        return "ready" if is_fresh or not row.order else "named, not verified"

    @action(
        description="New contact", url_path="new", icon="person_add", permissions=CHANGE
    )
    def new_contact(self, request: HttpRequest) -> HttpResponse:
        return self.ask_for(request, None)

    @action(description="Change", url_path="alter", icon="edit", permissions=CHANGE)
    def change_contact(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask_for(request, get_object_or_404(Contact, pk=object_id))

    def ask_for(self, request: HttpRequest, row: Contact | None) -> HttpResponse:
        names = ("role", "name", "phone", "email", "order", "is_active")
        before = {name: getattr(row, name) for name in names} if row else {}

        def do(asked: dict[str, Any]) -> str:
            given = {name: asked[name] for name in names}
            saved = contacts.save_contact(contact=row, **given)
            self.log_change(request, saved, "Saved.")
            return f"{saved.role} is saved."

        return ask_and_do(
            self,
            request,
            form=ContactForm(request.POST or None, label_suffix="", initial=before),
            do=do,
            title=f"Change {row.role}" if row else "New contact",
            explanation="Another name, number or address has to be verified anew.",
            submit="Save",
            back=reverse(LIST),
        )

    @action(
        description="Somebody answered there",
        url_path="verify",
        icon="phone_callback",
        permissions=CHANGE,
    )
    def verify(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Contact, pk=object_id)

        def do(_asked: dict[str, Any]) -> str:
            contacts.verify(contact=row)
            self.log_change(request, row, "Somebody answered there.")
            return f"{row.role} is verified."

        return ask_and_do(
            self,
            request,
            form=ConfirmForm(request.POST or None),
            do=do,
            title=f"{row.role}: somebody answered",
            explanation="You have just called or written, and the right person answered.",
            submit="Verified now",
            back=reverse(LIST),
        )

    @action(
        description="Call first for a while",
        url_path="shift",
        icon="schedule",
        permissions=CHANGE,
    )
    def on_shift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Contact, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            now = clock.now()
            contacts.add_shift(
                contact=row,
                starts_at=now,
                ends_at=now + timedelta(hours=asked["hours"]),
                by=actor_of(request),
            )
            return f"{row.role} is called first for {asked['hours']} hours."

        return ask_and_do(
            self,
            request,
            form=ShiftForm(request.POST or None, label_suffix=""),
            do=do,
            title=f"{row.role} is called first",
            explanation="Before the usual order, for a while.",
            submit="Begin",
            back=reverse(LIST),
        )


@admin.register(OnCallShift)
class OnCallShiftAdmin(ExposureRights, ReadOnlyAdmin):
    """Who is called first, and until when."""

    list_display = ("contact", "starts_at", "ends_at", "added_by")
    list_select_related = ("contact",)
    search_fields = ("contact__role", "added_by")
    fields = readonly_fields = ("contact", "starts_at", "ends_at", "added_by")
    actions_detail = ("end_now",)

    @action(description="End now", url_path="end", icon="stop", permissions=CHANGE)
    def end_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(OnCallShift, pk=object_id)

        def do(_asked: dict[str, Any]) -> str:
            self.log_change(request, row.contact, "No longer called first.")
            contacts.end_shift(shift=row)
            return "Ended."

        return ask_and_do(
            self,
            request,
            form=ConfirmForm(request.POST or None),
            do=do,
            title="End the shift",
            explanation="The usual order holds again.",
            submit="End now",
            back=reverse("admin:rollout_oncallshift_changelist"),
        )
