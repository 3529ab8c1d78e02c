from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin.base import AgentsAdmin
from agents.models import PhonePin
from agents.notifications import pin_messages
from easymo.backoffice.actions import filled, form_action

if TYPE_CHECKING:
    from easymo.backoffice.actions import ActionCall, Words
    from vouchers.models import Profile

PERMISSION = "agents.send_pin_link"
EXPLANATION = _(
    "The person is sent a link over WhatsApp, which is valid once and for 30 minutes. They"
    " choose the PIN on its page; you cannot see it. A link that was sent before is not"
    " valid any more."
)


def unmet(profile: Profile) -> list[Words]:
    """Return why no link can be sent to this person now."""
    return filled(pin_messages.refusal(profile))


def send_link(call: ActionCall[object], profile: Profile) -> str:
    """Send the link; the colleague sees neither it nor the PIN."""
    pin_messages.send_link(profile=profile, requested_by=call.actor)
    return gettext("A link to set a PIN was sent to {profile} over WhatsApp.").format(
        profile=profile
    )


@admin.register(PhonePin)
class PhonePinAdmin(AgentsAdmin):
    """Who has a PIN for the phone; no one can see a PIN."""

    empty_text = _(
        "People who have set a PIN for the phone are listed here. Send a link for one on"
        " the page of the conversation."
    )
    list_display = ("person", "set_at", "set_by", "is_locked")
    list_select_related = ("profile",)
    search_fields = ("profile__name",)
    number_lookup = "profile__msisdn"
    search_help_text = _("A name, or a whole number in any spelling")
    ordering = ("-set_at",)
    fields = (("person", "is_locked"), ("set_at", "set_by"), ("locks", "locked_until"))
    actions_detail = ("send_again",)

    @display(description=_("Person"))
    def person(self, row: PhonePin) -> str:
        return str(row.profile)

    @display(description=_("Locked"), boolean=True)
    def is_locked(self, row: PhonePin) -> bool:
        return row.locked_until is not None and row.locked_until > timezone.now()

    @form_action(
        _("Send a new PIN link"),
        path="again",
        icon="password",
        permission=PERMISSION,
        explanation=EXPLANATION,
        unmet=lambda call: unmet(call.row.profile),
        title=lambda call: gettext("Send a new PIN link to {profile}").format(
            profile=call.row.profile
        ),
        submit=_("Send the link"),
    )
    def send_again(self, call: ActionCall[PhonePin]) -> str:
        done = send_link(call, call.row.profile)
        call.log_change(call.row, f"Link sent: {call.reason}")
        return done
