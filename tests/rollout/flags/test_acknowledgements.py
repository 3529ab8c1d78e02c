from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rollout.core import clock
from rollout.flags.acknowledgements import (
    Acknowledgement,
    await_acknowledgement,
    purge_processes,
)
from rollout.models import Epoch, ServingProcess

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db


def acknowledge(*, ms: int, began: timedelta = timedelta(hours=-1)) -> None:
    """Let a process take the newest change in, this long after it was made."""
    epoch = Epoch.objects.get()
    at = epoch.changed_at + timedelta(milliseconds=ms)
    ServingProcess.objects.create(
        id=uuid.uuid4(),
        host="web",
        pid=1,
        role="web",
        version_seen=epoch.version,
        acknowledged_at=at,
        seen_at=at,
        began_at=epoch.changed_at + began,
    )


def receipt() -> Acknowledgement:
    return await_acknowledgement(Epoch.objects.get().version, wait=0)


def test_receipt__taken_in_before_anybody_waits__measured_from_the_change(
    switch: Switch,
) -> None:
    switch(CHAT=True)
    acknowledge(ms=12)
    acknowledge(ms=38)

    assert str(receipt()) == "acknowledged by 2 of 2 in 38 ms"


def test_receipt__process_begun_since__counts_without_a_time(switch: Switch) -> None:
    switch(CHAT=True)
    acknowledge(ms=900, began=timedelta(milliseconds=800))

    assert str(receipt()) == "acknowledged by 1 of 1"


def test_receipt__nothing_changed__tells_no_time_of_an_earlier_change(
    switch: Switch,
) -> None:
    # Given
    switch(CHAT=True)
    acknowledge(ms=38)

    # When
    earlier = Epoch.objects.get().changed_at - timedelta(hours=1)
    Epoch.objects.update(changed_at=earlier)
    ServingProcess.objects.update(
        acknowledged_at=earlier + timedelta(milliseconds=38),
        began_at=earlier - timedelta(hours=1),
    )

    # Then
    assert str(receipt()) == "acknowledged by 1 of 1"


def test_purge_processes__silent_for_a_day__only_they_are_deleted() -> None:
    # Given
    for role, hours in (("old", 25), ("young", 23)):
        at = clock.now() - timedelta(hours=hours)
        ServingProcess.objects.create(
            id=uuid.uuid4(),
            host="web",
            pid=1,
            role=role,
            version_seen=1,
            acknowledged_at=at,
            seen_at=at,
        )

    # When
    deleted = purge_processes()

    # Then
    assert deleted == 1
    assert ServingProcess.objects.get().role == "young"
