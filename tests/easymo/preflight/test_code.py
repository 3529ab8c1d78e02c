from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from easymo import release
from easymo.observability import secrets
from easymo.paths import BASE_DIR
from easymo.preflight import code
from tests.easymo.preflight.requests import look

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

PARTS = ["code.tests", "code.build", "code.types", "code.lint"]


@pytest.fixture
def record(tmp_path: Path, settings: SettingsWrapper) -> Path:
    settings.CHECK_RECORD = str(tmp_path / "checked.json")
    return tmp_path / "checked.json"


@pytest.mark.parametrize("name", PARTS)
def test_recorded__for_these_files__ok(record: Path, name: str) -> None:
    release.write_record(record, passed=release.PARTS)

    assert look(name).status == "ok"


@pytest.mark.parametrize("name", PARTS)
def test_recorded__nothing__warning(record: Path, name: str) -> None:
    found = look(name)

    assert found.status == "warning"
    assert "make check" in found.remedy


@pytest.mark.parametrize("name", PARTS)
def test_recorded__for_other_files__failed(record: Path, name: str) -> None:
    # Given
    release.write_record(record, passed=release.PARTS)
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"fingerprint": "0" * 64}))

    # When
    found = look(name)

    # Then
    assert (found.status, found.setting) == ("failed", "CHECK_RECORD")


def test_recorded__a_part_left_out__failed(record: Path) -> None:
    release.write_record(record, passed=("lint",))

    assert look("code.lint").status == "ok"
    assert look("code.tests").status == "failed"


def test_secrets__our_own_pages__none() -> None:
    found = look("code.secrets")

    assert found.status == "ok"
    served = {path.name for path in code.served_files()}
    assert {"landing.html", "simulator.js", "site.css"} <= served


def token(role: str) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iss": "supabase", "role": role}]
    head, body = (
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=")
        for one in parts
    )
    return f"{head}.{body}.c2lnbmF0dXJlLW9mLW5vYm9keQ"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("const key = 'sk-proj-" + "a1B2" * 8 + "'", "an OpenAI key"),
        ("token: EAA" + "Gx3" * 15, "a Meta token"),
        (f'"{token("service_role")}"', "a signed token of the role service_role"),
        (f'"{token("anon")}"', "a signed token of the role anon"),
        ("sb_secret_" + "x" * 24, "a Supabase secret key"),
        ("whsec_" + "Ab1=" * 8, "a webhook secret"),
        ("https://hooks.slack.com/services/T0/B0/abc", "a Slack address"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("postgresql://easymo:hunter22@db/easymo", "a database's password"),
    ],
)
def test_secrets_in__each_kind__named_and_never_shown(text: str, kind: str) -> None:
    assert code.secrets_in(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "task-risk-free-of-any-key-at-all-in-this-sentence",
        "data:font/woff2;base64,d09GMgABAAAAEAA" + "EAA" + "Gx3" * 15,
        "postgresql://easymo:password@localhost/easymo",
        "integrity='sha384-" + "Ab1/" * 16 + "'",
        "",
    ],
)
def test_secrets_in__what_only_looks_like_one__none(text: str) -> None:
    assert code.secrets_in(text) == []


def test_secrets_in__a_secret_of_the_settings__found(
    settings: SettingsWrapper,
) -> None:
    settings.METRICS_TOKEN = "a-token-of-this-site"
    secrets._pattern.cache_clear()

    assert code.secrets_in("x = 'a-token-of-this-site'") == [
        "a secret of these settings"
    ]


def test_secrets__in_a_template__failed_by_its_name(
    settings: SettingsWrapper, tmp_path: Path
) -> None:
    # Given
    secret = "sk-" + "Zq9" * 12
    (tmp_path / "page.html").write_text(f"<script>k='{secret}'</script>")
    template = {**settings.TEMPLATES[0], "DIRS": [BASE_DIR / "templates", tmp_path]}
    settings.TEMPLATES = [template]

    # When
    found = look("code.secrets")

    # Then
    assert found.status == "failed"
    assert "page.html: an OpenAI key" in found.detail
    assert secret not in found.detail
