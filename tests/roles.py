"""People with a role, created in one statement by a test."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchers.models import AuthorityChange, Profile


@contextmanager
def confirmed_roles() -> Iterator[None]:
    """Let ``Profile.save`` confirm the role of a new person; the database requires it."""
    from vouchers.models import Profile

    plain = Profile.save

    def save(self: Profile, *args: Any, **kwargs: Any) -> None:
        is_new = self._state.adding
        with transaction.atomic():
            plain(self, *args, **kwargs)
            if is_new and self.role != Profile.Role.CUSTOMER:
                confirm_role(self)

    Profile.save = save  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        Profile.save = plain  # type: ignore[method-assign]


def confirm_role(profile: Profile, **facts: Any) -> None:
    """Record the present role of a person as confirmed."""
    confirmation(profile, **facts).save()


def confirmation(profile: Profile, **facts: Any) -> AuthorityChange:
    """Return the row that confirms the present role of a person."""
    from vouchers.models import AuthorityChange

    now = timezone.now()
    return AuthorityChange(
        **{
            "kind": "role",
            "profile": profile,
            "old_role": "customer",
            "new_role": profile.role,
            "new_station": profile.station,
            "given_by_name": "tests",
            "source": "tests",
            "given_at": now,
            "decision": "confirmed",
            "decided_by_name": "tests",
            "decided_at": now,
        }
        | facts
    )
