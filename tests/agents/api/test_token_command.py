"""What `manage.py token` prints, as a shell sees it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agents.api.tokens import digest_of
from agents.models import ApiToken
from tests.processes import ROOT, environment

pytestmark = pytest.mark.slow


def run(url: str, *arguments: str, program: tuple[str, ...], merged: bool) -> str:
    done = subprocess.run(
        [sys.executable, *program, "token", *arguments],
        cwd=ROOT,
        env=environment(
            DATABASE_URL=url,
            DJANGO_SETTINGS_MODULE="easymo.settings",
            LOG_LEVEL="DEBUG",
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.DEVNULL,
        check=True,
        text=True,
        timeout=60,
    )
    return done.stdout


def test_token__created_and_revoked__no_log_line_among_what_is_printed(
    committed_db: str,
) -> None:
    # When: in both ways
    ours, django = ("manage.py",), ("-m", "django")
    made = run(committed_db, "create", "till", program=ours, merged=True)
    [first, second] = run(
        committed_db, "create", "pump", program=django, merged=False
    ).splitlines()
    revoked = run(committed_db, "revoke", "pump", program=ours, merged=False)

    # Then
    till = ApiToken.objects.get(name="till")
    assert bytes(till.digest) == digest_of(made.split()[-1])
    assert first.startswith("pump  lookup")
    pump = ApiToken.objects.get(name="pump")
    assert bytes(pump.digest) == digest_of(second.split()[-1])
    assert len(revoked.splitlines()) == 1
    assert "{" not in first + second + revoked
