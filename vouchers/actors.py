"""Who acts, over which channel, and whose exposure the fence asks for."""

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
    # The person whose exposure counts (``str(profile.public_id)``); None: "on for
    # anyone".
    subject: str | None = None
    # What the request came from, where it has a name of its own.
    device: str | None = None
    # A token with the scope ``void`` is told whose voucher it is not.
    may_know: bool = False

    def __post_init__(self) -> None:
        if self.kind in {"profile", "user"} and not (
            self.id.isascii() and self.id.isdigit()
        ):
            raise ValueError("Name a person by primary key: see Actor.of_profile.")

    @classmethod
    def of_profile(
        cls, profile: Profile, *, channel: Channel, subject: str | None = None
    ) -> Actor:
        """Return the talking person, under their own exposure unless named."""
        return cls(
            "profile", str(profile.pk), channel, subject or str(profile.public_id)
        )

    @classmethod
    def of_user(cls, user: User, *, channel: Channel = "admin") -> Actor:
        return cls("user", str(user.pk), channel)

    @classmethod
    def system(cls, name: str, *, channel: Channel = "system") -> Actor:
        return cls("system", name, channel)
