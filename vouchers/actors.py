"""The actor of an operation: who it is, and on which channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from vouchers.models import Profile

type Kind = Literal["profile", "user", "token", "system"]
type Channel = Literal[
    "whatsapp", "voice", "api", "admin", "station", "system", "import"
]

# Begins the name of the system as actor when it replaces a code for its owner.
OWNER = "owner:"


@dataclass(frozen=True, slots=True)
class Actor:
    """``id`` is the row's primary key as text for ``profile`` and ``user``."""

    kind: Kind
    id: str
    channel: Channel
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
    def of_profile(cls, profile: Profile, *, channel: Channel) -> Actor:
        return cls("profile", str(profile.pk), channel)

    @classmethod
    def of_user(cls, user: User, *, channel: Channel = "admin") -> Actor:
        return cls("user", str(user.pk), channel)

    @classmethod
    def system(cls, name: str, *, channel: Channel = "system") -> Actor:
        return cls("system", name, channel)
