from __future__ import annotations

import runpy
from typing import Any

import pytest

from easymo.settings import oidc
from easymo.settings.environment import SettingError

GOOD = {
    "OIDC_ISSUER": "https://id.example/",
    "OIDC_AUTHORIZATION_URL": "https://id.example/authorize",
    "OIDC_TOKEN_URL": "https://id.example/token",
    "OIDC_JWKS_URL": "https://id.example/keys",
    "OIDC_CLIENT_ID": "easymo",
    "OIDC_CLIENT_SECRET": "secret",
    "OIDC_ROLES": "fuel:operators:operator,audit:viewer",
}
NAMES = (
    *GOOD,
    *("OIDC_GROUPS_CLAIM", "OIDC_SCOPES", "OIDC_SIGNATURE", "PASSWORD_SIGN_IN"),
)


def settings_of(monkeypatch: pytest.MonkeyPatch, **given: str) -> dict[str, Any]:
    for name in NAMES:
        monkeypatch.setenv(name, given.get(name, ""))
    return runpy.run_path(str(oidc.__file__))


def test_oidc__nothing_set__is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(monkeypatch)
    assert (found["OIDC_ENABLED"], found["PASSWORD_SIGN_IN"]) == (False, True)


def test_oidc__all_set__is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(monkeypatch, **GOOD, PASSWORD_SIGN_IN="false")
    assert (found["OIDC_ENABLED"], found["PASSWORD_SIGN_IN"]) == (True, False)
    # Compared exactly: a slash at the end stays.
    assert found["OIDC_ISSUER"] == "https://id.example/"
    assert found["OIDC_ROLES"] == {"fuel:operators": "operator", "audit": "viewer"}


@pytest.mark.parametrize("missing", GOOD)
def test_oidc__one_is_missing__is_refused(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    given = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(SettingError, match=missing):
        settings_of(monkeypatch, **given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ROLES", "staff:admin"),
        ("OIDC_ROLES", "staff"),
        ("OIDC_ROLES", ":viewer"),
        ("OIDC_ROLES", "staff:viewer,staff:operator"),
        ("OIDC_TOKEN_URL", "http://id.example/token"),
        ("OIDC_TOKEN_URL", "http://localhost.evil.example/token"),
        ("OIDC_JWKS_URL", "ftp://id.example"),
        ("OIDC_SIGNATURE", "none"),
        ("OIDC_SIGNATURE", "HS256"),
    ],
)
def test_oidc__bad_value__is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingError, match=name):
        settings_of(monkeypatch, **(GOOD | {name: value}))


def test_oidc__no_way_to_sign_in__is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="PASSWORD_SIGN_IN"):
        settings_of(monkeypatch, PASSWORD_SIGN_IN="false")
