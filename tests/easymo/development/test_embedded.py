"""The development server: started once, shared, and gone with its last user."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from easymo.development import binaries, embedded, keeper
from easymo.development.embedded import Cluster
from tests.processes import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded")]
HOLD = (
    "import sys; from pathlib import Path;"
    "from easymo.development.embedded import Cluster, EmbeddedError, hold_cluster\n"
    "try:\n"
    "    hold_cluster(Cluster(home=Path(sys.argv[1]), options={'fsync': 'off'}),"
    " database='easymo')\n"
    "except EmbeddedError as error:\n"
    "    sys.exit(str(error))\n"
    "print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster(home=tmp_path / "a checkout" / "var" / "postgres")
    yield found
    assert gone(found)
    shutil.rmtree(found.socket, ignore_errors=True)
    if os.geteuid() == 0:
        shutil.rmtree(binaries.private_root() / found.socket.name, ignore_errors=True)


@pytest.fixture
def holder(cluster: Cluster) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Return what starts a process that holds the server."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(cluster.home)],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_order__data_elsewhere__is_told_by_its_checkout_and_no_older(
    tmp_path: Path,
) -> None:
    given = Cluster(home=tmp_path / "var" / "postgres", data_root=tmp_path / "memory")
    given.home.mkdir(parents=True)
    first = embedded._order(given)["data"]
    assert embedded._order(given)["data"] == first
    assert Path(first).parent == tmp_path / "memory" / given.socket.name

    Path(first).mkdir(parents=True)
    (given.home / "data-id").unlink()

    assert embedded._order(given)["data"] != first
    assert not Path(first).exists()


def is_held(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "held\n"


def gone(cluster: Cluster) -> bool:
    return within(90, lambda: not cluster.answers() and not keepers(cluster))


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def keepers(cluster: Cluster) -> list[int]:
    return processes(str(embedded.KEEPER), str(cluster.home))


def servers(cluster: Cluster) -> list[int]:
    return processes("/postgres", f"unix_socket_directories={cluster.socket}")


def processes(*words: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            said = (entry / "cmdline").read_bytes().decode(errors="replace")
            if all(word in said for word in words):
                found.append(int(entry.name))
    return found


type Start = Callable[[], subprocess.Popen[str]]


def test_hold__two_at_once__one_server_until_the_last_is_gone(
    cluster: Cluster, holder: Start
) -> None:
    # When
    first, second = holder(), holder()

    # Then
    assert is_held(first)
    assert is_held(second)
    assert len(servers(cluster)) == 1
    first.kill()
    time.sleep(3 * keeper.LOOK_SECONDS)
    assert cluster.answers()
    second.kill()
    assert gone(cluster)


def test_hold__folders__are_closed_to_others(cluster: Cluster, holder: Start) -> None:
    before = cluster.home.parents[2].stat().st_mode

    assert is_held(holder())

    assert cluster.home.stat().st_mode & 0o777 == 0o700
    assert cluster.socket.stat().st_mode & 0o777 == 0o700
    assert len(str(cluster.socket)) < 60
    assert cluster.home.parents[2].stat().st_mode == before


def test_hold__keeper_killed__another_takes_the_server_over(
    cluster: Cluster, holder: Start
) -> None:
    # Given
    first = holder()
    assert is_held(first)
    server = servers(cluster)
    os.kill(keepers(cluster)[0], signal.SIGKILL)

    # When
    second = holder()

    # Then
    assert is_held(second)
    assert servers(cluster) == server


def test_hold__server_killed__is_started_again(cluster: Cluster, holder: Start) -> None:
    # Given
    first = holder()
    assert is_held(first)

    # When
    os.kill(servers(cluster)[0], signal.SIGKILL)

    # Then
    assert within(30, lambda: not cluster.answers())
    assert within(60, cluster.answers)


def test_hold__everything_killed__starts_again(cluster: Cluster, holder: Start) -> None:
    # Given
    first = holder()
    assert is_held(first)
    for pid in (*keepers(cluster), *servers(cluster), first.pid):
        os.kill(pid, signal.SIGKILL)

    # When
    second = holder()

    # Then
    assert is_held(second)
    assert cluster.answers()


def test_hold__stale_pid_file_with_a_living_stranger__is_not_believed(
    cluster: Cluster, holder: Start
) -> None:
    # Given: a copied checkout, or a pid that another process has now
    first = holder()
    assert is_held(first)
    first.kill()
    assert gone(cluster)
    data = (
        cluster.home / "data"
        if os.geteuid()
        else next((binaries.private_root() / cluster.socket.name).glob("data-*"))
    )
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")

    # When
    second = holder()

    # Then
    assert is_held(second)


def test_hold__var_deleted__starts_with_nothing_of_the_old_data(
    cluster: Cluster, holder: Start
) -> None:
    # Given: the keys went with var/, so the old rows could not be read any more
    first = holder()
    assert is_held(first)
    with cluster.connect("easymo") as connection:
        connection.execute("CREATE TABLE old_data ()")
    first.kill()
    assert gone(cluster)
    shutil.rmtree(cluster.home)

    # When
    second = holder()
    assert is_held(second)

    # Then
    with cluster.connect("easymo") as connection:
        found = connection.execute("SELECT to_regclass('old_data')").fetchone()
    assert found == (None,)


def test_hold__a_file_where_the_folder_should_be__is_a_sentence(
    cluster: Cluster, holder: Start
) -> None:
    # Given
    cluster.home.parent.mkdir(parents=True)
    cluster.home.write_text("in the way")

    # When
    _, said = holder().communicate(timeout=60)

    # Then
    assert said.startswith("easymo cannot write to")
    assert "Traceback" not in said


def test_hold__socket_folder_of_another_account__is_a_sentence(
    cluster: Cluster, holder: Start
) -> None:
    # Given
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    cluster.socket.mkdir()
    os.chown(cluster.socket, 12345, 12345)

    # When
    _, said = holder().communicate(timeout=60)

    # Then
    assert "belongs to another account" in said
