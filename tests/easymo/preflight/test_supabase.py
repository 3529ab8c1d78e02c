from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from easymo.preflight import provider_request
from tests.easymo.preflight.requests import look
from tests.fakes.supabase import FakeSupabase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper


def key(role: str) -> str:
    claims = {"iss": "supabase", "role": role}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.{role}signature"


ANON, SERVICE = key("anon"), key("service_role")
SERVICE_LINE, ANON_LINE = "supabase.service_role", "supabase.anon"


@pytest.fixture
def supabase(settings: SettingsWrapper) -> Iterator[FakeSupabase]:
    with FakeSupabase(anon=ANON, service=SERVICE) as fake:
        settings.SUPABASE_URL = fake.url
        settings.SUPABASE_ANON_KEY = ANON
        settings.SUPABASE_SERVICE_ROLE_KEY = SERVICE
        yield fake


@pytest.mark.parametrize("name", [SERVICE_LINE, ANON_LINE])
def test_supabase__not_configured__skipped(name: str) -> None:
    assert look(name, live=True).status == "skipped"


@pytest.mark.parametrize("name", [SERVICE_LINE, ANON_LINE])
def test_supabase__not_live__not_asked(supabase: FakeSupabase, name: str) -> None:
    assert look(name).status == "skipped"
    assert supabase.asked == []


def test_service__right_key__ok(supabase: FakeSupabase) -> None:
    assert look(SERVICE_LINE, live=True).status == "ok"


@pytest.mark.parametrize(
    ("settings_given", "setting"),
    [
        ({"SUPABASE_SERVICE_ROLE_KEY": ""}, "SUPABASE_SERVICE_ROLE_KEY"),
        ({"SUPABASE_URL": ""}, "SUPABASE_URL"),
        ({"SUPABASE_SERVICE_ROLE_KEY": ANON}, "SUPABASE_SERVICE_ROLE_KEY"),
        (
            {"SUPABASE_SERVICE_ROLE_KEY": "sb_publishable_x"},
            "SUPABASE_SERVICE_ROLE_KEY",
        ),
        ({"SUPABASE_SERVICE_ROLE_KEY": "sb_secret_other"}, "SUPABASE_SERVICE_ROLE_KEY"),
        ({"SUPABASE_URL": "http://127.0.0.1:1"}, "SUPABASE_URL"),
    ],
)
def test_service__something_wrong__failed(
    supabase: FakeSupabase,
    settings: SettingsWrapper,
    settings_given: dict[str, str],
    setting: str,
) -> None:
    for name, value in settings_given.items():
        setattr(settings, name, value)

    found = look(SERVICE_LINE, live=True)

    assert (found.status, found.setting) == ("failed", setting)
    assert found.remedy


def test_service__two_projects__failed(
    supabase: FakeSupabase, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    settings.SUPABASE_URL = "https://abcdefghijklmnopqrst.supabase.co"
    database = settings.DATABASES["default"]

    # Then
    monkeypatch.setitem(database, "HOST", "db.zyxwvutsrqponmlkjihg.supabase.co")
    assert "two different projects" in look(SERVICE_LINE).detail
    monkeypatch.setitem(database, "HOST", "aws-0.pooler.supabase.com")
    monkeypatch.setitem(database, "USER", "postgres.abcdefghijklmnopqrst")
    assert look(SERVICE_LINE).status == "skipped"


@pytest.mark.parametrize(
    ("status", "expected", "setting"),
    [
        (404, "failed", "SUPABASE_URL"),
        (540, "failed", "SUPABASE_URL"),
        (429, "warning", "SUPABASE_URL"),
        (503, "failed", "SUPABASE_URL"),
        # Some other web server.
        (200, "failed", "SUPABASE_URL"),
        (403, "failed", "SUPABASE_SERVICE_ROLE_KEY"),
    ],
)
def test_service__each_refusal__its_remedy(
    supabase: FakeSupabase, status: int, expected: str, setting: str
) -> None:
    supabase.broken = (status, b"<html>")

    found = look(SERVICE_LINE, live=True)

    assert (found.status, found.setting) == (expected, setting)
    assert found.remedy


def test_service__silent__within_the_time(
    supabase: FakeSupabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_request, "LONGEST_S", 0.1)
    supabase.delay = 0.3

    assert "did not answer within" in look(SERVICE_LINE, live=True).detail


def test_anon__schema_not_shown__ok(supabase: FakeSupabase) -> None:
    found = look(ANON_LINE, live=True)

    assert found.status == "ok"
    assert ("easymo", "agents_announcement") in supabase.asked


def test_anon__schema_shown_and_tables_denied__ok(supabase: FakeSupabase) -> None:
    supabase.expose("easymo", {"profiles": "denied", "vouchers": "denied"})

    assert look(ANON_LINE, live=True).status == "ok"
    assert {("easymo", "profiles"), ("easymo", "vouchers")} <= set(supabase.asked)


@pytest.mark.parametrize("access", ["rows", "empty"])
@pytest.mark.parametrize("table", ["vouchers", "agents_announcement", "agents_message"])
def test_anon__one_table_open__failed(
    supabase: FakeSupabase, table: str, access: str
) -> None:
    supabase.expose("easymo", {table: access})  # type: ignore[dict-item]

    found = look(ANON_LINE, live=True)

    assert (found.status, found.setting) == ("failed", "DATABASE_SCHEMA")
    assert f"easymo.{table}" in found.detail


def test_anon__the_earlier_systems_table__warning(supabase: FakeSupabase) -> None:
    supabase.expose("public", {"profiles": "rows"})

    found = look(ANON_LINE, live=True)

    assert found.status == "warning"
    assert "public.profiles" in found.detail


@pytest.mark.parametrize("wrong", [SERVICE, "sb_secret_0123456789"])
def test_anon__is_a_service_key__failed_without_asking(
    supabase: FakeSupabase, settings: SettingsWrapper, wrong: str
) -> None:
    settings.SUPABASE_ANON_KEY = wrong

    found = look(ANON_LINE, live=True)

    assert (found.status, found.setting) == ("failed", "SUPABASE_ANON_KEY")
    assert supabase.asked == []


def test_anon__unknown_key__proves_nothing(
    supabase: FakeSupabase, settings: SettingsWrapper
) -> None:
    settings.SUPABASE_ANON_KEY = key("anon") + "x"

    found = look(ANON_LINE, live=True)

    assert (found.status, found.setting) == ("failed", "SUPABASE_ANON_KEY")


@pytest.mark.parametrize("broken", [(404, b"{}"), (500, b""), (301, b"")])
def test_anon__not_supabase__proves_nothing(
    supabase: FakeSupabase, broken: tuple[int, bytes]
) -> None:
    supabase.broken = broken

    assert look(ANON_LINE, live=True).status == "failed"
