"""``make run`` as a newcomer meets it: from a folder with a space in its name."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from easymo.development import binaries
from easymo.development.embedded import Cluster
from tests.processes import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("run"),
]
# The one that runs the suite need not lie on the PATH.
PYTHON = str(getattr(sys, "_base_executable", sys.executable))
LEFT_OUT = shutil.ignore_patterns("var", ".venv*", ".git", ".*_cache", "__pycache__")


class Checkout:
    """A folder with the product in it, and what was started from it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.log = folder.parent / "said.txt"

    def start(self, **given: str) -> subprocess.Popen[bytes]:
        """Say ``make run``."""
        with self.log.open("w") as said:
            return subprocess.Popen(
                ["make", "run"],
                cwd=self.folder,
                env=demonstration(PORT=str(self.port), PYTHON=PYTHON, **given),
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text()

    def is_ready(self) -> bool:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with suppress(OSError, urllib.error.URLError):
                at = f"http://127.0.0.1:{self.port}/readyz/workers"
                urllib.request.urlopen(at, timeout=5).close()
                # At first the processes of a killed supervisor may answer.
                if "Ctrl-C stops" in self.said():
                    return True
            time.sleep(0.2)
        return False


def demonstration(**given: str) -> dict[str, str]:
    return {
        name: value
        for name, value in environment(**given).items()
        if name not in {"SECRET_KEY", "EASYMO_KEYS", "EASYMO_ENV_FILE"}
    }


def supervisor_of(process: subprocess.Popen[bytes]) -> int:
    """Return the number of the supervisor that make started."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            group = (entry / "stat").read_text().rpartition(")")[2].split()[2]
            command = (entry / "cmdline").read_bytes()
            if (
                int(group) == process.pid
                and b"easymo.development.supervisor" in command
            ):
                return int(entry.name)
    raise AssertionError("no supervisor")


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    if shutil.which("make") is None:
        pytest.skip("make is not installed here: apt install make")
    folder = tmp_path / "my easymo"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    (folder / ".venv").symlink_to(sys.prefix)
    with closing(socket.socket()) as trial:
        trial.bind(("127.0.0.1", 0))
        port = int(trial.getsockname()[1])
    yield Checkout(folder, port)
    cluster = Cluster(home=folder / "var" / "postgres")
    shutil.rmtree(cluster.socket, ignore_errors=True)
    if os.geteuid() == 0:
        kept = binaries.private_root() / cluster.socket.name
        shutil.rmtree(kept, ignore_errors=True)


def test_make_run__started_killed_and_started_again__works(checkout: Checkout) -> None:
    # When: the first time
    first = checkout.start()

    # Then
    assert checkout.is_ready(), checkout.said()
    said = checkout.said()
    assert said.index("/simulator/") < said.index("/admin/")
    login = re.search(r"Sign in +operator +(\S+-\S+)", said)
    assert login

    # When: it is killed without a chance to tidy up
    os.kill(supervisor_of(first), signal.SIGKILL)
    first.wait(timeout=90)
    second = checkout.start()

    # Then: the same login, nothing seeded twice
    assert checkout.is_ready(), checkout.said()
    assert login[1] in checkout.said()

    # When: another start from here, and one from elsewhere on the same port
    third = subprocess.run(
        ["make", "run"],
        check=False,
        cwd=checkout.folder,
        env=demonstration(PORT=str(checkout.port), PYTHON=PYTHON),
        capture_output=True,
        text=True,
        timeout=120,
    )

    # Then
    assert third.returncode != 0
    assert "easymo cannot start: it already runs from this folder" in third.stderr
    assert "Traceback" not in third.stderr

    # When: Ctrl-C
    os.killpg(second.pid, signal.SIGINT)
    second.wait(timeout=90)

    # Then
    assert not Cluster(home=checkout.folder / "var" / "postgres").answers()


def test_make_run__taken_port__is_a_sentence(checkout: Checkout) -> None:
    with closing(socket.socket()) as taker:
        # Given
        taker.bind(("127.0.0.1", checkout.port))
        taker.listen(1)

        # When
        process = checkout.start()

        # Then
        assert process.wait(timeout=120) != 0
    taken = f"port {checkout.port} is taken by another program."
    assert f"easymo cannot start: {taken}" in checkout.said()
    assert "Traceback" not in checkout.said()
