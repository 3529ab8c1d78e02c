"""What caused an event of a voucher, for the back office. The agents' app fills it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """The name and the address of a message, a call, an approval and the like."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Cause:
    """How the change was confirmed, who made it, and where its cause is shown."""

    how: str = ""
    links: tuple[Link, ...] = ()
    # The name of an actor that only the other app knows.
    actor: str = ""
