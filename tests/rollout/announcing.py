"""Recipients of an announcement, and how one is sent."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rollout.announcements import announcements, sending
from rollout.core.ports import DeliveryResult
from rollout.flags import cohorts

if TYPE_CHECKING:
    from rollout.models import Announcement

MEMBERS = [f"0000000{n}-0000-4000-8000-000000000000" for n in range(5)]


class People:
    """Recipients over WhatsApp, as the app above would return them."""

    def __init__(self, *everyone: str) -> None:
        self.everyone = sorted(everyone)
        self.told: list[tuple[str, str]] = []
        self.stopped: set[str] = set()
        self.broken: set[str] = set()

    def tell(self, subject: str, line: str, text: str, cause: str) -> DeliveryResult:
        if subject in self.broken:
            raise OSError("no")
        if subject in self.stopped:
            return DeliveryResult("skipped", "said STOP")
        self.told.append((subject, cause))
        return DeliveryResult("sent")

    def audience(self, after: str, limit: int) -> list[str]:
        return [one for one in self.everyone if one > after][:limit]

    def mail_addresses(self, subjects: list[str]) -> dict[str, str]:
        return {MEMBERS[0]: "one@example.rw", MEMBERS[1]: "two@example.rw"}


def drafted(audience: str = "beta", medium: str = "whatsapp") -> Announcement:
    return announcements.draft(
        audience=audience,
        medium=medium,
        subject="The agent is here",
        text="Write hello.\nSTOP ends it.",
        by="odette",
    )


def approved(audience: str = "beta", medium: str = "whatsapp") -> Announcement:
    row = drafted(audience, medium)
    announcements.approve(announcement=row, by="pascal")
    return row


def beta(*members: str) -> None:
    cohorts.make_cohort(name="beta")
    for member in members:
        cohorts.add_member("beta", member, "odette")


def finish(announcement: Announcement) -> None:
    while sending.step(announcement.pk):
        pass
    announcement.refresh_from_db()


def met_by_both[T](row: T) -> T:
    """Let neither go on before both have read."""
    BOTH.wait(60)
    return row


BOTH = threading.Barrier(2)
