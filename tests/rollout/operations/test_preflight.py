from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rollout.core import clock
from rollout.flags import cohorts
from rollout.models import Contact, Evaluation, Plan
from rollout.stages.rollback import rollback_quick
from tests import canaries
from tests.easymo.preflight.requests import look
from tests.rollout.guardrail_cases import NOON, FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db
CONTACTS = "people.contacts"


@pytest.fixture
def time() -> Iterator[FakeClock]:
    fake = FakeClock()
    with clock.use(fake):
        yield fake


def test_spending__nobody_said_what_to_expect__warned_from_smoke_on(
    settings: SettingsWrapper,
) -> None:
    # Given
    settings.PLANNED_BY_DEFAULT = ("EXPECTED_COST_CHAT_USD", "DAILY_COST_USD")

    # When
    found = look("spending.planned", is_initial=False)

    # Then
    assert found.status == "warning"
    assert "everything goes off beyond $22.50 in an hour or $270.00" in found.detail
    assert "Set EXPECTED_COST_CHAT_USD, DAILY_COST_USD to" in found.remedy
    assert look("spending.planned").status == "ok"
    settings.PLANNED_BY_DEFAULT = ("DAILY_COST_USD",)
    assert look("spending.planned", is_initial=False).status == "ok"


def test_features__all_off__ok() -> None:
    assert look("flags.off").detail == "All four are off."


def test_features__on_in_infrastructure__failed(switch: Switch) -> None:
    switch(CHAT=True)

    found = look("flags.off")

    assert (found.status, found.setting) == ("failed", "FEATURE_AGENT_CHAT")
    assert look("flags.off", is_demonstration=True).status == "ok"


def test_features__on_for_the_smoke_tests_in_infrastructure__ok(switch: Switch) -> None:
    # Given
    cohorts.make_cohort(name="smoke")
    cohorts.make_cohort(name="beta")
    switch(CHAT=True, cohorts=["smoke"])

    # When
    found = look("flags.off")
    switch(CHAT=True, cohorts=["smoke", "beta"])

    # Then
    assert found.status == "ok"
    assert "smoke tests' people only: FEATURE_AGENT_CHAT" in found.detail
    assert look("flags.off").status == "failed"


def test_features__on_again_in_recovery__warning(switch: Switch) -> None:
    # Given
    rollback_quick(reason="outage", actor="odette", source="cli")
    switch(CHAT=True)
    assert Plan.objects.get().state == Plan.State.RECOVERY

    # When
    found = look("flags.off")

    # Then
    assert found.status == "warning"
    assert "On again after a rollback" in found.detail


def test_features__on_later__shown(switch: Switch) -> None:
    switch(CHAT=True)

    found = look("flags.off", is_initial=False)

    assert found.status == "ok"
    assert "FEATURE_AGENT_CHAT" in found.detail


def test_features__forced_off__do_not_count(
    switch: Switch, settings: SettingsWrapper
) -> None:
    switch(CHAT=True)
    settings.FEATURES_FORCED_OFF = frozenset({"FEATURE_AGENT_CHAT"})

    found = look("flags.off")

    assert found.status == "ok"
    assert "Forced off by the environment" in found.detail


def test_waffle__as_the_check_framework_says() -> None:
    assert look("flags.waffle").status == "ok"
    assert look("flags.waffle", message_ids=("rollout.E001",)).status == "failed"


@pytest.mark.parametrize(
    ("minutes", "status"), [(1, "ok"), (4, "warning"), (None, "warning")]
)
def test_evaluator__silence__told(
    time: FakeClock, minutes: int | None, status: str
) -> None:
    if minutes is not None:
        at = NOON - timedelta(minutes=minutes)
        Evaluation.objects.create(at=at, action="none", severity="none", because="-")

    assert look("evaluator.alive").status == status
    if status != "ok":
        assert look("evaluator.alive", serves_people=True).status == "failed"


@pytest.fixture
def on_call(time: FakeClock) -> Contact:
    Contact.objects.filter(order__gt=0).delete()
    return Contact.objects.create(
        role="On-call engineer",
        name=canaries.ALINE.name,
        phone=canaries.ALINE.msisdn,
        email=canaries.ALINE.email.replace("example.rw", "easymo.rw"),
        order=1,
        verified_at=NOON - timedelta(days=1),
    )


def test_contacts__somebody_verified__ok(on_call: Contact) -> None:
    assert look(CONTACTS).status == "ok"


def test_contacts__the_guides_placeholders__lacking(time: FakeClock) -> None:
    found = look(CONTACTS)

    assert found.status == "warning"
    assert "names no person yet" in found.detail
    assert look(CONTACTS, serves_people=True).status == "failed"
    assert look(CONTACTS, is_demonstration=True).status == "skipped"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "[Contact info]"),
        ("name", "TODO"),
        ("is_active", False),
        ("order", 0),
    ],
)
def test_contacts__nobody_real__lacking(
    on_call: Contact, field: str, value: object
) -> None:
    setattr(on_call, field, value)
    on_call.save()

    assert look(CONTACTS).status == "warning"


def test_contacts__a_name_and_no_way_to_call__lacking(on_call: Contact) -> None:
    on_call.phone = on_call.email = ""
    on_call.save()

    assert look(CONTACTS).status == "warning"


@pytest.mark.parametrize("days", [31, None])
def test_contacts__not_called_recently__lacking_by_role(
    on_call: Contact, days: int | None
) -> None:
    on_call.verified_at = NOON - timedelta(days=days) if days else None
    on_call.save()

    found = look(CONTACTS)

    assert found.status == "warning"
    assert "On-call engineer" in found.detail
    assert canaries.ALINE.name not in found.detail


def test_contacts__a_role_without_a_name__lacking_as_in_the_gate(
    on_call: Contact,
) -> None:
    Contact.objects.create(role="Platform lead", order=2)

    found = look(CONTACTS, serves_people=True)

    assert found.status == "failed"
    assert "Platform lead" in found.detail
