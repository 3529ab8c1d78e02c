from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from agents.admin.base import AgentsAdmin
from agents.core.errors import PinNotPossible
from agents.models import PhonePin
from agents.notifications import pin_messages
from easymo.backoffice.actions import form_action
from easymo.backoffice.reason import ReasonForm
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn, parse

if TYPE_CHECKING:
    from easymo.backoffice.actions import ActionCall

PERMISSION = "agents.send_pin_link"
EXPLANATION = (
    "The person is sent a link over WhatsApp, which is valid once and for 30 minutes. They"
    " choose the PIN on its page; you cannot see it. A link that was sent before is not"
    " valid any more."
)


class NumberForm(ReasonForm):
    """Asks for the person who gets the link."""

    field_order = ["msisdn", "reason"]
    msisdn = forms.CharField(
        max_length=32,
        label="Number of the person",
        help_text="0788123456 or +250 788 123 456",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


def send_link(call: ActionCall[object], profile: Profile) -> str:
    """Send the link; the colleague sees neither it nor the PIN."""
    pin_messages.send_link(profile=profile, requested_by=call.actor)
    return f"A link to set a PIN was sent to {profile} over WhatsApp."


@admin.register(PhonePin)
class PhonePinAdmin(AgentsAdmin):
    """Who has a PIN for the phone; no one can see a PIN."""

    refusals = (*AgentsAdmin.refusals, InvalidMsisdn)
    empty_text = "People who have set a PIN for the phone are listed here."
    first_action = "send_one"
    list_display = ("person", "set_at", "set_by", "is_locked")
    list_select_related = ("profile",)
    search_fields = ("profile__name",)
    number_lookup = "profile__msisdn"
    search_help_text = "A name, or a whole number in any spelling"
    ordering = ("-set_at",)
    fields = (("person", "is_locked"), ("set_at", "set_by"), ("locks", "locked_until"))
    actions_list = ("send_one",)
    actions_detail = ("send_again",)

    @display(description="Person")
    def person(self, row: PhonePin) -> str:
        return str(row.profile)

    @display(description="Locked", boolean=True)
    def is_locked(self, row: PhonePin) -> bool:
        return row.locked_until is not None and row.locked_until > timezone.now()

    @form_action(
        "Send a PIN link",
        path="send",
        icon="password",
        permission=PERMISSION,
        form=NumberForm,
        explanation=EXPLANATION,
        submit="Send the link",
    )
    def send_one(self, call: ActionCall[None]) -> str:
        number = parse(call.data["msisdn"])
        profile = Profile.objects.filter(msisdn=number).first()
        if profile is None:
            raise PinNotPossible("No person has this number: no link was sent.")
        return send_link(call, profile)

    @form_action(
        "Send a new PIN link",
        path="again",
        icon="password",
        permission=PERMISSION,
        explanation=EXPLANATION,
        title=lambda call: f"Send a new PIN link to {call.row.profile}",
        submit="Send the link",
    )
    def send_again(self, call: ActionCall[PhonePin]) -> str:
        done = send_link(call, call.row.profile)
        call.log_change(call.row, f"Link sent: {call.reason}")
        return done
