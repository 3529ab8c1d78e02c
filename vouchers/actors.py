"""The actor of an operation: who it is, on which channel, and whose flags count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from vouchers.models import Profile

type Kind = Literal["profile", "user", "token", "system"]
type Channel = Literal["whatsapp", "voice", "api", "admin", "system", "import"]


@dataclass(frozen=True, slots=True)
class Actor:
    """``id`` is the row's primary key as text for ``profile`` and ``user``."""

    kind: Kind
    id: str
    channel: Channel
    # The person whose feature flags count, as ``str(profile.public_id)``. None asks
    # whether the feature is on for anyone.
    subject: str | None = None
    # The device that sent the request, when it has a name.
    device: str | None = None
    # A token with the scope ``void`` may learn that a voucher has another owner.
    may_know: bool = False

    def __post_init__(self) -> None:
        if self.kind in {"profile", "user"} and not (
            self.id.isascii() and self.id.isdigit()
        ):
            raise ValueError(
                "The id of a person is a primary key: use Actor.of_profile."
            )

    @classmethod
    def of_profile(
        cls, profile: Profile, *, channel: Channel, subject: str | None = None
    ) -> Actor:
        """Return the person as actor; their own flags count unless subject is given."""
        return cls(
            "profile", str(profile.pk), channel, subject or str(profile.public_id)
        )

    @classmethod
    def of_user(cls, user: User, *, channel: Channel = "admin") -> Actor:
        return cls("user", str(user.pk), channel)

    @classmethod
    def system(cls, name: str, *, channel: Channel = "system") -> Actor:
        return cls("system", name, channel)
