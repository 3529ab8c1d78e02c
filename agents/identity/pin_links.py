"""Links to the page on which a person sets their PIN: valid once, for a short time."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core import call_rate, pin_tokens
from agents.core.errors import PinLinkInvalid, PinNotPossible
from agents.identity import pin
from agents.models import PinLink
from easymo.sentences import translatable
from vouchers.models import Profile

if TYPE_CHECKING:
    from agents.core.secret_digits import SecretDigits

VALID_FOR = timedelta(minutes=30)
# Links of one person in an hour.
MOST_LINKS = 3
# The author of a PIN that was set on the page.
PERSON = "the person"


def create_link(*, profile: Profile, requested_by: str) -> PinLink:
    """Store a link that replaces the open one. Call it with its message's row.

    Raises PinNotPossible for a person who is not active, and above the limit of links.
    """
    if not profile.is_active or profile.erased_at is not None:
        raise PinNotPossible(
            translatable("This person is not active: no link was sent.")
        )
    subject = f"pin-link:{profile.public_id}"
    if seconds := call_rate.take(
        subject, limit=MOST_LINKS, window=call_rate.LONGEST_WINDOW_SECONDS
    ):
        minutes = -(-seconds // 60)
        raise PinNotPossible(
            translatable(
                "This person was sent {most} links within the last hour: no link was sent. Another one is possible in {minutes} minutes.",
                most=MOST_LINKS,
                minutes=minutes,
            )
        )
    with transaction.atomic():
        Profile.objects.select_for_update(no_key=True).get(pk=profile.pk)
        pin.replace_link(profile)
        now, public_id = timezone.now(), uuid.uuid4()
        return PinLink.objects.create(
            public_id=public_id,
            token_sha256=pin_tokens.digest_of(pin_tokens.token_of(public_id)),
            profile=profile,
            requested_by=requested_by[:150],
            created_at=now,
            expires_at=now + VALID_FOR,
        )


def find_open(token: str) -> PinLink | None:
    """Return the link of this token while it is valid."""
    return (
        PinLink.objects.filter(
            token_sha256=pin_tokens.digest_of(token),
            used_at=None,
            replaced_at=None,
            expires_at__gt=timezone.now(),
        )
        .select_related("profile")
        .first()
    )


def use_link(*, token: str, digits: SecretDigits) -> PinLink:
    """Set the PIN of the link's person; the link is used up.

    Raises PinLinkInvalid, and PinRefused: a refused PIN leaves the link open.
    """
    link = find_open(token)
    if link is None:
        raise PinLinkInvalid
    with transaction.atomic():
        now = timezone.now()
        claimed = PinLink.objects.filter(
            pk=link.pk, used_at=None, replaced_at=None, expires_at__gt=now
        ).update(used_at=now)
        if not claimed:
            raise PinLinkInvalid
        pin.set_pin(profile=link.profile, pin=digits, by=PERSON)
    return link
