"""What the tests of notices and announcements share."""

from __future__ import annotations

from datetime import datetime, timedelta

from rollout.core import clock
from rollout.incidents import incidents
from rollout.models import Contact, Notice
from rollout.notices import notices


class At:
    """A clock that is this number of hours ahead."""

    def __init__(self, hours: int) -> None:
        self.hours = hours

    def now(self) -> datetime:
        return clock.SYSTEM.now() + timedelta(hours=self.hours)


def critical() -> list[Notice]:
    incident = incidents.open_incident(
        key="k", title="Outage", severity="critical", opened_by="odette"
    )
    return notices.queue_notice(text="All is off.", incident=incident)


def name_the_on_call(email: str) -> None:
    Contact.objects.filter(role="Platform Lead").update(name="Pia", email=email)
