"""Our own processes, started as an operator starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


def environment(**given: str) -> dict[str, str]:
    """Return what a process of an installed product sees: nothing of the tests'."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    secrets = {
        "EASYMO_ENV_FILE": os.devnull,
        "SECRET_KEY": os.environ.get("SECRET_KEY", ""),
        "EASYMO_KEYS": os.environ.get("EASYMO_KEYS", ""),
        # The tests of the second factor turn it on.
        "SECOND_FACTOR_REQUIRED": "false",
    }
    return {**kept, **secrets, **given}


def run(*arguments: str, timeout: float = 240, **given: str) -> str:
    """Run ``python arguments`` to its end; return what it printed. It must succeed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=ROOT,
        env=environment(**given),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr}"
    return done.stdout


def manage(*arguments: str, **given: str) -> str:
    """Run ``manage.py arguments``."""
    return run("manage.py", *arguments, **given)
