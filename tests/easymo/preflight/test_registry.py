from __future__ import annotations

import io

import pytest
from django.core import checks
from django.core.management import call_command
from django.db import connection

from easymo.preflight import registry
from easymo.preflight.registry import Section
from tests.easymo.preflight.requests import circumstances_with

# The guide's Environment Preparation and Code Validation, in its order.
GUIDE = [
    "openai.key",
    "supabase.service_role",
    "flags.off",
    "monitoring.endpoints",
    "database.reachable",
    "database.tables",
    "whatsapp.credentials",
    "whatsapp.account",
    "voice.sip",
    "code.tests",
    "code.build",
    "code.types",
    "code.lint",
    "code.secrets",
]


def test_lines__every_line_of_the_guide__is_there_in_order() -> None:
    named = [one.name for one in registry.lines()]

    assert named[: len(GUIDE)] == GUIDE
    assert len(named) == len(set(named))


def test_lines__each_app__has_its_own() -> None:
    from_apps = {one.look.__module__.split(".")[0] for one in registry.lines()}

    assert from_apps == {"agents", "easymo", "rollout", "vouchers"}


def test_asked__lacking__graver_once_people_are_served() -> None:
    assert circumstances_with().lacking("a", "b").status == "warning"
    assert circumstances_with(serves_people=True).lacking("a", "b").status == "failed"


@pytest.mark.django_db
def test_check_framework__asked_for_the_tag__runs_the_lines(settings: object) -> None:
    # Given
    settings.ALLOWED_HOSTS = ["*"]  # type: ignore[attr-defined]
    output = io.StringIO()

    # When
    with pytest.raises(Exception, match=r"preflight\.site\.hosts"):
        call_command(
            "check",
            tags=["preflight"],
            deploy=True,
            databases=["default"],
            fail_level="ERROR",
            stderr=output,
        )


def test_messages__our_own_lines__left_out() -> None:
    assert not [one for one in registry.messages(()) if one.startswith("preflight.")]


def test_sections__in_the_order_of_the_guide() -> None:
    seen = [one.section for one in registry.lines()]

    assert seen == sorted(seen, key=list(Section).index)


@pytest.mark.django_db
def test_check_framework__table_missing__is_an_error_and_no_traceback() -> None:
    def look(_: registry.Circumstances) -> registry.LineResult:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM no_such_table")
        return registry.ok("never")

    line = registry.Line("a", "A", Section.REST, look, reads_rows=True)

    [message] = registry._as_messages(line)

    assert isinstance(message, checks.Error)
    assert "ProgrammingError" in message.msg
