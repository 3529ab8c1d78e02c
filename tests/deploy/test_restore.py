"""A backup, restored into another server under another role, works."""

from __future__ import annotations

import base64
import os
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from easymo.development import binaries
from easymo.paths import BASE_DIR
from tests import processes
from tests.outage import private_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOOLS = binaries.programs()
DRILL = BASE_DIR / "deploy" / "restore-drill.sh"
OTHER_KEY = base64.b64encode(b"o" * 32).decode()
pytestmark = pytest.mark.timeout(600)


class Backup(NamedTuple):
    """A dump of a database with people and vouchers, and an empty database."""

    file: Path
    empty: str


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backup]:
    folder = tmp_path_factory.mktemp("backup")
    with private_cluster(folder / "old") as old, private_cluster(folder / "new") as new:
        _create(str(old.socket), role="before", database="vouchers")
        _create(str(new.socket), role="after", database="restored")
        source = f"postgresql://before@/vouchers?host={old.socket}"
        processes.manage("migrate", "--verbosity", "0", DATABASE_URL=source)
        processes.manage("demo", DATABASE_URL=source)
        dump = folder / "easymo.dump"
        command = [
            *(str(TOOLS / "pg_dump"), "--enable-row-security"),
            *("--format=custom", f"--file={dump}", source),
        ]
        subprocess.run(command, check=True, timeout=120)
        yield Backup(dump, f"postgresql://after@/restored?host={new.socket}")


def test_drill__other_server_and_role__trails_hold_and_messages_are_answered(
    backup: Backup,
) -> None:
    done = drill(backup, "--reply", WA_TOKEN="a token", WA_PHONE_ID="1")
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    assert "ok  whatsapp.hello: A greeting came back" in done.stdout
    assert "Restored and answered" in done.stdout
    with closing(psycopg.connect(backup.empty)) as restored:
        missing = restored.execute(
            "SELECT c.relname FROM pg_class c"
            " WHERE c.relnamespace = 'easymo'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p"
            "   WHERE p.polrelid = c.oid AND p.polroles = ARRAY['after'::regrole::oid]))"
        ).fetchall()
        assert missing == []
        assert restored.execute("SELECT count(*) FROM vouchers").fetchone() != (0,)

    # A second drill into the same database is refused, and changes nothing.
    again = drill(backup)
    assert again.returncode == 1
    assert "Name an empty one" in again.stderr


def test_drill__key_of_the_codes_missing__is_named(backup: Backup) -> None:
    _empty(backup)
    done = drill(backup, EASYMO_KEYS=f"other:{OTHER_KEY}")
    assert done.returncode != 0
    assert "its seal is wrong" in done.stdout


def test_drill__no_message_is_answered__is_no_success(backup: Backup) -> None:
    _empty(backup)
    done = drill(backup, "--reply", FEATURE_AGENT_CHAT="false")
    assert done.returncode != 0
    assert "failed  whatsapp.hello" in done.stdout, done.stdout + done.stderr
    assert "Restored and answered" not in done.stdout


def _empty(backup: Backup) -> None:
    with closing(psycopg.connect(backup.empty, autocommit=True)) as restored:
        restored.execute("DROP SCHEMA IF EXISTS easymo CASCADE")


def drill(
    backup: Backup, *options: str, **given: str
) -> subprocess.CompletedProcess[str]:
    path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
    python = str(BASE_DIR / ".venv" / "bin" / "python")
    return subprocess.run(
        ["sh", str(DRILL), *options, str(backup.file), backup.empty],
        check=False,
        cwd=BASE_DIR,
        env=processes.environment(PATH=path, PYTHON=python, **given),
        capture_output=True,
        text=True,
        timeout=300,
    )


def _create(socket: str, *, role: str, database: str) -> None:
    with closing(
        psycopg.connect(f"postgresql://easymo@/easymo?host={socket}", autocommit=True)
    ) as server:
        server.execute(f"CREATE ROLE {role} LOGIN")
        server.execute(f"CREATE DATABASE {database} OWNER {role}")
