from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, form_action, list_url
from rollout.admin.base import CHANGE, RolloutAdmin
from rollout.admin.forms import ConfirmForm, ContactForm, ShiftForm
from rollout.core import clock
from rollout.models import Contact, OnCallShift
from rollout.notices import contacts

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

STATES = {
    "ready": "success",
    "named, not verified": "warning",
    "placeholder": "danger",
}
CHANGED = ("role", "name", "phone", "email", "order", "is_active")


def _not_reachable(call: ActionCall[Contact]) -> list[str]:
    return [str(contacts.NO_ADDRESS)] if contacts.is_placeholder(call.row) else []


VERIFY_AGAIN = _("A new name, number or address has to be verified again.")


@admin.register(Contact)
class ContactAdmin(RolloutAdmin):
    """The guide's emergency contacts, in the order to call them."""

    empty_text = _("The people to call in an emergency, in order.")
    first_action = "new_contact"
    list_display = ("role", "name", "call", "write", "order", "how", "is_active")
    list_filter = ("is_active",)
    search_fields = ("role", "name")
    fields = (
        *("role", "name", "call", "write", "order", "how"),
        *("verified_at", "is_active"),
    )
    actions_list = ("new_contact",)
    actions_detail = ("change_contact", "verify", "on_shift")

    @display(description=_("Telephone"))
    def call(self, row: Contact) -> SafeString | str:
        return _link("tel", row.phone)

    @display(description=_("E-mail"))
    def write(self, row: Contact) -> SafeString | str:
        return _link("mailto", row.email)

    @display(description=_("State"), label=STATES)
    def how(self, row: Contact) -> str:
        if contacts.is_placeholder(row):
            return "placeholder"
        fresh = clock.now() - contacts.VERIFIED_FOR
        is_fresh = row.verified_at is not None and row.verified_at >= fresh
        return "ready" if is_fresh or not row.order else gettext("named, not verified")

    @form_action(
        _("New contact"),
        path="new",
        icon="person_add",
        permission=CHANGE,
        form=ContactForm,
        explanation=VERIFY_AGAIN,
        submit=_("Save"),
    )
    def new_contact(self, call: ActionCall[None]) -> str:
        return _save(call)

    @form_action(
        _("Change"),
        path="alter",
        icon="edit",
        permission=CHANGE,
        form=ContactForm,
        initial=lambda call: {name: getattr(call.row, name) for name in CHANGED},
        explanation=VERIFY_AGAIN,
        submit=_("Save"),
        back=list_url,
    )
    def change_contact(self, call: ActionCall[Contact]) -> str:
        return _save(call)

    @form_action(
        _("Verify"),
        path="verify",
        icon="phone_callback",
        permission=CHANGE,
        form=ConfirmForm,
        unmet=_not_reachable,
        explanation=_(
            "You have just called or written, and the right person answered."
        ),
        back=list_url,
    )
    def verify(self, call: ActionCall[Contact]) -> str:
        contacts.verify(contact=call.row)
        call.log_change(call.row, "Verified.")
        return gettext("{role} verified.").format(role=call.row.role)

    @form_action(
        _("Call first for a while"),
        path="shift",
        icon="schedule",
        permission=CHANGE,
        form=ShiftForm,
        unmet=_not_reachable,
        explanation=_("The contact is called before the usual order."),
        submit=_("Start"),
        back=list_url,
    )
    def on_shift(self, call: ActionCall[Contact]) -> str:
        now, hours = clock.now(), call.data["hours"]
        contacts.add_shift(
            contact=call.row,
            starts_at=now,
            ends_at=now + timedelta(hours=hours),
            by=call.actor,
        )
        return gettext("{role} is called first for {hours} hours.").format(
            role=call.row.role, hours=hours
        )


def _link(scheme: str, address: str) -> SafeString | str:
    if not address:
        return "—"
    return format_html('<a href="{}:{}">{}</a>', scheme, address, address)


def _save(call: ActionCall[Any]) -> str:
    given = {name: call.data[name] for name in CHANGED}
    saved = contacts.save_contact(contact=call.row, **given)
    call.log_change(saved, "Saved.")
    return gettext("{role} saved.").format(role=saved.role)


@admin.register(OnCallShift)
class OnCallShiftAdmin(RolloutAdmin):
    """Contacts that are called first, and until when."""

    empty_text = _("Shifts are listed here. Start one on the page of a contact.")
    list_display = ("contact", "starts_at", "ends_at", "added_by")
    list_select_related = ("contact",)
    search_fields = ("contact__role", "added_by")
    fields = list_display
    actions_detail = ("end_now",)

    @form_action(
        _("End now"),
        path="end",
        icon="stop",
        permission=CHANGE,
        form=ConfirmForm,
        offered=lambda call: call.row.ends_at > clock.now(),
        title=lambda call: gettext("End the shift of {contact}").format(
            contact=call.row.contact
        ),
        explanation=_("The usual order applies again."),
        back=list_url,
    )
    def end_now(self, call: ActionCall[OnCallShift]) -> str:
        call.log_change(call.row.contact, "No longer called first.")
        contacts.end_shift(shift=call.row)
        return gettext("The shift of {contact} ended.").format(contact=call.row.contact)
