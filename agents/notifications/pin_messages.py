"""Messages about a person's PIN for the phone: the link to set it, and that it was set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agents.core.errors import PinNotPossible
from agents.core.serving import may_answer
from agents.identity import blocks, consent, pin_links
from agents.language.choice import language_of
from agents.language.texts import link_placeholder, render
from agents.notifications.unrequested import (
    TEMPLATE_LANGUAGES,
    conversation_with,
    enqueue_unrequested,
    is_window_open,
)
from agents.whatsapp.graph_client import Template

if TYPE_CHECKING:
    from agents.models import PhonePin
    from vouchers.models import Profile

UNREACHABLE = _(
    "This person cannot be written to now: the 24-hour window of WhatsApp is closed and"
    " WA_TEMPLATE_PIN_LINK is not set. No link was sent."
)


def send_link(*, profile: Profile, requested_by: str) -> None:
    """Send the link over WhatsApp. Raises PinNotPossible with the reason."""
    if why := refusal(profile):
        raise PinNotPossible(why)
    name = settings.WA_TEMPLATE_PIN_LINK
    conversation = conversation_with(profile, may_create=bool(name))
    if conversation is None:
        raise PinNotPossible(str(UNREACHABLE))
    with transaction.atomic():
        link = pin_links.create_link(profile=profile, requested_by=requested_by)
        language = language_of(conversation)
        shown = link_placeholder(link.public_id)
        is_queued = enqueue_unrequested(
            conversation,
            cause=f"pin-link:{link.pk}",
            body=render("pin.link", language, link=shown),
            template=Template(name, TEMPLATE_LANGUAGES[language], (shown,))
            if name
            else None,
        )
        if not is_queued:
            raise PinNotPossible(str(UNREACHABLE))


def tell_set(pin: PhonePin) -> None:
    """Tell the person that their PIN was set: it may have been another person."""
    conversation = conversation_with(pin.profile, may_create=False)
    if conversation is None or _why_not(pin.profile):
        return
    enqueue_unrequested(
        conversation,
        cause=f"pin-set:{pin.pk}:{pin.set_at:%Y%m%d%H%M%S%f}",
        body=render("pin.was_set", language_of(conversation)),
        template=None,
    )


def refusal(profile: Profile) -> str:
    """Return why no link can be sent now, in a sentence; "" when one can."""
    if why := _why_not(profile):
        return why
    if settings.WA_TEMPLATE_PIN_LINK and profile.msisdn:
        return ""
    conversation = conversation_with(profile, may_create=False)
    is_open = conversation is not None and is_window_open(conversation)
    return "" if is_open else str(UNREACHABLE)


def _why_not(profile: Profile) -> str:
    if not may_answer(profile):
        return gettext("The agent does not answer this person now: no link was sent.")
    if blocks.is_blocked(profile):
        return gettext("This person is blocked: no link was sent.")
    if consent.is_opted_out(profile):
        return gettext("This person sent STOP: no link was sent.")
    return ""
