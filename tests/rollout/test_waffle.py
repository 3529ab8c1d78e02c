"""waffle asks our snapshot, and its other ways to turn a flag on are refused."""

from __future__ import annotations

import pytest
import waffle
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import RequestFactory

from rollout.flags import cohorts
from tests.rollout.conftest import ALINE, BOSCO, Switch

pytestmark = pytest.mark.django_db
CHAT = "FEATURE_AGENT_CHAT"


def test_flag_is_active__limited__as_our_own_answer(switch: Switch) -> None:
    # Given
    cohorts.make_cohort(name="beta")
    cohorts.add_member("beta", ALINE, "odette")
    switch(CHAT=True, cohorts=["beta"])
    aline, bosco, stranger = (RequestFactory().get("/") for _ in range(3))
    aline.rollout_subject, bosco.rollout_subject = ALINE, BOSCO  # type: ignore[attr-defined]

    # Then
    assert [
        waffle.flag_is_active(request, CHAT) for request in (aline, bosco, stranger)
    ] == [True, False, False]


def test_flag_is_active__superuser_cookie_header_and_query__off(
    switch: Switch, settings: object
) -> None:
    # Given
    settings.WAFFLE_OVERRIDE = True  # type: ignore[attr-defined]
    request = RequestFactory().get(
        "/", {CHAT: "1", f"dwft_{CHAT}": "1"}, headers={f"dwft-{CHAT}": "1"}
    )
    request.user = User(is_superuser=True, is_staff=True)
    request.COOKIES = {f"dwf_{CHAT}": "True", f"dwft_{CHAT}": "True"}

    # Then
    assert waffle.flag_is_active(request, CHAT) is False
    assert waffle.flag_is_active(request, "FEATURE_UNKNOWN") is False


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("WAFFLE_OVERRIDE", "rollout.E001"),
        ("WAFFLE_CREATE_MISSING_FLAGS", "rollout.E003"),
        ("WAFFLE_FLAG_DEFAULT", "rollout.E003"),
    ],
)
def test_check__dangerous_setting__refused(
    settings: object, setting: str, problem: str
) -> None:
    # Given
    setattr(settings, setting, True)

    # Then
    assert problem in {message.id for message in run_checks(tags=["rollout"])}


def test_tables__waffles_own__not_there() -> None:
    tables = connection.introspection.table_names()
    assert [name for name in tables if name.startswith("waffle")] == []


@pytest.mark.parametrize("name", ["flag", "switch", "sample", "delete"])
def test_commands__of_waffle__are_unknown(name: str) -> None:
    with pytest.raises(CommandError, match="Unknown command"):
        call_command(f"waffle_{name}")
