"""The WhatsApp user ids of sandbox people, whose devices need no confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.models import Identity

if TYPE_CHECKING:
    from vouchers.models import Profile

# A business-scoped user id is a country code, a dot and up to 128 letters or digits.
BSUID_PREFIX = "RW.sandbox"


def bsuid_of(profile: Profile) -> str:
    """Return the WhatsApp user id of the sandbox person, which never changes."""
    return f"{BSUID_PREFIX}{profile.public_id.hex}"


def bind(profile: Profile) -> None:
    """Bind the person's user id, as a colleague does for a real person."""
    Identity.objects.get_or_create(
        kind=Identity.Kind.BSUID,
        value=bsuid_of(profile),
        superseded_at=None,
        defaults={"profile": profile},
    )
