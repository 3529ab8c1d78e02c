"""The start, as a process sees it: one clear line, or the product."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
URL = {"DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/d"}
SECRET = {"SECRET_KEY": "hidden-secret"}
KEYS = {"EASYMO_KEYS": "k1:" + "A" * 43 + "="}


def start(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG"}}
    return subprocess.run(
        [sys.executable, *(arguments or ("manage.py", "diffsettings"))],
        check=False,
        cwd=ROOT,
        env={**kept, "EASYMO_ENV_FILE": os.devnull, **given},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (URL, "SECRET_KEY"),
        ({**URL, **SECRET}, "EASYMO_KEYS"),
        ({**URL, **SECRET, "EASYMO_KEYS": "nonsense"}, "EASYMO_KEYS"),
        ({**URL, **SECRET, **KEYS, "DATABASE_URL": "hidden"}, "DATABASE_URL"),
        ({**URL, **SECRET, **KEYS, "DEBUG": "hidden"}, "DEBUG"),
        ({**URL, **SECRET, **KEYS, "DEBUG": "1", "HTTPS_ONLY": "1"}, "DEBUG"),
        ({**URL, **SECRET, **KEYS, "FEATURE_AGENT_CHAT": "hidden"}, "FEATURE_AGENT"),
        ({**URL, **SECRET, **KEYS, "DATABASE_SCHEMA": "public"}, "DATABASE_SCHEMA"),
        (
            {**URL, **SECRET, **KEYS, "DATABASE_LISTEN_URL": "postgres://h:6543/d"},
            "DATABASE_LISTEN_URL",
        ),
    ],
)
def test_start__missing_or_nonsense__stops_with_one_clear_line(
    given: dict[str, str], named: str
) -> None:
    # When
    done = start(**given)

    # Then
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(rf"easymo cannot start: .*{named}.*\n", done.stderr)
    assert "hidden" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "module", ["easymo.web.server", "easymo.development.supervisor"]
)
def test_start__of_other_processes__says_the_same_line(module: str) -> None:
    done = start("-m", module, **URL)

    assert done.returncode == 1
    assert done.stderr.startswith("easymo cannot start: SECRET_KEY is not set.")
    assert "Traceback" not in done.stderr


def test_features__only_false__forces_off() -> None:
    # When
    done = start(
        "-c",
        "from easymo.start import load_settings; load_settings();"
        "from django.conf import settings as s;"
        "print(sorted(s.FEATURES_FORCED_OFF), s.DEMONSTRATION, s.SESSION_COOKIE_SECURE)",
        **URL,
        **SECRET,
        **KEYS,
        FEATURE_AGENT_CHAT="false",
        FEATURE_AGENT_VOICE="true",
        FEATURE_AGENT_VOUCHERS="",
    )

    # Then
    assert done.stdout == "['FEATURE_AGENT_CHAT'] False True\n"


def test_env_example__every_setting_read__is_listed() -> None:
    # Given
    listed = set(
        re.findall(
            r"^# ([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE
        )
    )

    # When
    read = {
        name
        for path in (ROOT / "easymo" / "settings").glob("*.py")
        for name in re.findall(
            r'(?:env_\w+|_at)\(\s*"([A-Z][A-Z0-9_]+)"', path.read_text()
        )
    }

    # Then
    assert read - listed == {"EASYMO_ENV_FILE"}
    assert listed >= {"FEATURE_AGENT_CHAT", "FEATURE_AGENT_CUSTOMER_LOOKUP"}


def test_start__a_command__loads_nothing_that_only_a_worker_needs() -> None:
    asked = "import django, sys; django.setup(); print({*sys.modules} & {'openai', 'genai_prices'})"

    done = start(
        *("-c", asked),
        **{**URL, **SECRET, **KEYS, "DJANGO_SETTINGS_MODULE": "easymo.settings"},
    )

    assert done.stdout == "set()\n", done.stderr
