"""No secret lies among the files, and no failing page shows one."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core import checks
from django.test import override_settings
from django.urls import path

from tests.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest
    from django.test import Client

SECRETS = {
    "private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "OpenAI key": re.compile(rb"sk-(?:proj-)?[A-Za-z0-9]{32,}"),
    "Meta token": re.compile(rb"EAA[A-Za-z0-9]{60,}"),
    "Slack webhook": re.compile(rb"hooks\.slack\.com/services/T[A-Z0-9]{8,}/B"),
    "JSON web token": re.compile(rb"eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}"),
    "AWS key": re.compile(rb"AKIA[0-9A-Z]{16}"),
    "easymo token": re.compile(rb"easymo_[A-Za-z0-9_-]{43}\b"),
    "database password": re.compile(
        rb"postgres(?:ql)?://[a-z_.]+:(?!(?:password|hidden|secret|pw|p|x)@)"
        rb"[^@\s/{}$<'\"*]{6,}@(?!127\.|localhost)"
    ),
}
# Names on purpose what a leak looks like.
EXAMPLES = ("tests/", "CHANGELOG.md")


def files() -> Iterator[tuple[str, bytes]]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("This is no checkout: nothing says which files are the product's.")
    for name in listed.stdout.decode().split("\0"):
        file = ROOT / name
        if name and file.is_file() and not file.is_symlink():
            yield name, file.read_bytes()


def test_files__none_holds_a_secret() -> None:
    found = [
        f"{name}: {kind}"
        for name, content in files()
        if not name.startswith(EXAMPLES)
        for kind, pattern in SECRETS.items()
        if pattern.search(content)
    ]

    assert found == []


def test_patterns__see_what_they_are_for() -> None:
    # The control.
    planted = {
        "private key": b"-----BEGIN PRIVATE KEY-----",
        "OpenAI key": b"sk-proj-" + b"a1" * 20,
        "easymo token": b"easymo_" + b"x" * 43,
        "database password": b"postgresql://easymo:hunter22@db.example.rw/x",
    }
    for kind, text in planted.items():
        assert SECRETS[kind].search(text), kind


def test_env_files__are_not_kept() -> None:
    assert not [n for n, _ in files() if n.endswith(".env") or n.startswith("var/")]


def fails(request: HttpRequest) -> None:
    password = settings.SECRET_KEY
    raise RuntimeError(f"the secret is {password}")


urlpatterns = [path("fails", fails)]


@override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"])
def test_pages_that_fail__tell_nothing_of_us(client: Client) -> None:
    client.raise_request_exception = False

    for address, status in (("/fails", 500), ("/nowhere", 404)):
        answer = client.get(address)
        assert answer.status_code == status
        for ours in (settings.SECRET_KEY, "Traceback", "settings", ".py", "RuntimeError"):  # fmt: skip
            assert ours not in answer.content.decode()


@override_settings(
    SECURE_SSL_REDIRECT=True,
    SECURE_HSTS_SECONDS=31_536_000,
    SECURE_HSTS_INCLUDE_SUBDOMAINS=True,
    SESSION_COOKIE_SECURE=True,
    CSRF_COOKIE_SECURE=True,
    SECRET_KEY="x9" * 40 + "abcdefgh",
    DEBUG=False,
)
def test_deploy_check__https_only__finds_nothing_of_its_own() -> None:
    found = checks.run_checks(
        include_deployment_checks=True, tags=[checks.Tags.security]
    )

    # Being listed in browsers for ever is the owner's decision (HSTS preload).
    told = {message.id for message in found if not message.is_silenced()}
    assert told <= {"security.W021"}
