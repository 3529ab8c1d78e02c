"""A real pgbouncer before the suite's server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings

from easymo.development import binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def running(mode: str) -> Iterator[str]:
    """Run one in this mode; give the beginning of its URLs, without a database."""
    if PROGRAM is None:
        pytest.skip("pgbouncer is not installed here: apt install pgbouncer")
    server = settings.DATABASES["default"]
    owner = binaries.owner()  # pgbouncer refuses root as PostgreSQL does
    folder = Path(tempfile.mkdtemp(prefix="easymo-pgbouncer-"))
    port = _free_port()
    (folder / "users.txt").write_text(f'"{server["USER"]}" "{server["PASSWORD"]}"\n')
    (folder / "pgbouncer.ini").write_text(
        "[databases]\n"
        f"* = host={server['HOST']} port={server['PORT'] or 5432}\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder}/users.txt\n"
        f"pool_mode = {mode}\ndefault_pool_size = 10\nmax_client_conn = 200\n"
    )
    who: dict[str, Any] = {}
    if owner is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, *owner)
        who = {"user": owner[0], "group": owner[1], "extra_groups": []}
    pooler = subprocess.Popen(
        [PROGRAM, "-q", str(folder / "pgbouncer.ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **who,
    )
    try:
        url = f"postgresql://{server['USER']}@127.0.0.1:{port}"
        _wait(url)
        yield url
    finally:
        pooler.kill()
        pooler.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with closing(socket.socket()) as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError):
            port = urlsplit(url).port
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            psycopg.connect(f"{url}/postgres", connect_timeout=3).close()
            return
        time.sleep(0.05)
    raise AssertionError("pgbouncer did not start")
