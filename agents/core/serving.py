"""Whether the agent answers a person now, and its business number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import OperationalError

from rollout.core.features import Feature
from rollout.flags.exposure import exposure_of, is_on_for_everyone
from rollout.policy.effective_flag import FlagReason

if TYPE_CHECKING:
    from vouchers.models import Profile


class FlagsUnreadableError(OperationalError):
    """The flags cannot be read: retry later instead of dropping the message."""


def is_served(profile: Profile) -> bool:
    """Tell whether CHAT is on for this person; raise when the flags are stale."""
    exposure = exposure_of(str(profile.public_id))
    if exposure.reasons[Feature.CHAT] == FlagReason.STALE:
        raise FlagsUnreadableError
    return exposure.chat


def may_answer(profile: Profile) -> bool:
    """Tell whether the agent may send messages to this person."""
    return is_served(profile) and profile.is_active


def may_create_customers() -> bool:
    """Tell whether an unknown sender becomes a customer: CHAT is on for everyone."""
    if exposure_of(None).reasons[Feature.CHAT] == FlagReason.STALE:
        raise FlagsUnreadableError
    return is_on_for_everyone(Feature.CHAT)


# Without a configured number only synthetic webhooks are processed.
DEMONSTRATION_NUMBER = "sandbox"


def our_number() -> str:
    """Return the id of the business number that the agent answers for."""
    return settings.WA_PHONE_ID or DEMONSTRATION_NUMBER
