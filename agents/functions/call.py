from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vouchers.actors import Actor

if TYPE_CHECKING:
    from agents.functions.authentication import Principal
    from vouchers.models import Profile, Station


@dataclass(frozen=True, slots=True)
class Named:
    """Who and where a body names, as far as they exist."""

    customer: Profile | None = None
    station: Station | None = None

    @property
    def subject(self) -> str | None:
        """Whose switches count; nobody's where nobody is known."""
        return str(self.customer.public_id) if self.customer else None


@dataclass(frozen=True, slots=True)
class Call:
    """One call that passed every check but the rules of the business."""

    principal: Principal
    values: dict[str, Any]
    named: Named
    # The cause of a change, kept in the voucher's trail.
    key: str

    @property
    def actor(self) -> Actor:
        return Actor(
            "token",
            self.principal.actor_id,
            "api",
            self.named.subject,
            may_know="void" in self.principal.scopes,
        )
