"""Connections whose packets the network drops without closing them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from easymo.settings.database_url import DEAD_PEER, parse_database_url

URL = "postgresql://u:p@db.example/easymo"
LONGEST_S = 60

# A server in a network of its own answers until a filter drops its packets.
SCRIPT = """
import socket, subprocess, sys, threading, time
import psycopg

def run(*words):
    subprocess.run(words, check=True, capture_output=True)

options = dict(part.split("=", 1) for part in sys.argv[2:])
run("ip", "link", "set", "lo", "up")

def serve(listener):
    peer, _ = listener.accept()
    peer.recv(4096)
    # Authentication accepted, and ready for a query.
    peer.sendall(b"R\\0\\0\\0\\x08\\0\\0\\0\\0" + b"Z\\0\\0\\0\\x05I")
    kept.append(peer)
    while peer.recv(4096):
        pass

kept = []
listener = socket.create_server(("127.0.0.1", 5432))
threading.Thread(target=serve, args=[listener], daemon=True).start()
connection = psycopg.connect(
    host="127.0.0.1", user="u", dbname="d", sslmode="disable", autocommit=True,
    gssencmode="disable", **options,
)

def drop():
    run("iptables", "-A", "INPUT", "-i", "lo", "-p", "tcp", "-j", "DROP")

started = time.monotonic()
if sys.argv[1] == "before the query":
    drop()
else:
    threading.Timer(0.5, drop).start()
try:
    if sys.argv[1] == "while listening":
        list(connection.notifies(timeout=None))
    else:
        connection.execute("SELECT 1")
except psycopg.OperationalError:
    print(time.monotonic() - started)
"""


def noticed_after(case: str, options: dict[str, str], limit: float) -> float | None:
    """Return after how many seconds the driver raised, or None."""
    words = ["unshare", "-rn", sys.executable, "-c", textwrap.dedent(SCRIPT), case]
    try:
        done = subprocess.run(
            [*words, *(f"{key}={value}" for key, value in options.items())],
            capture_output=True,
            text=True,
            timeout=limit,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    return float(done.stdout)


def can_drop() -> bool:
    if not all(map(shutil.which, ("unshare", "iptables", "ip"))):
        return False
    probe = ["unshare", "-rn", "iptables", "-A", "INPUT", "-j", "DROP"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


CASES = ("before the query", "during the query", "while listening")


@pytest.mark.skipif(not can_drop(), reason="a network namespace cannot be made here")
def test_packets_dropped__connection_given_up() -> None:
    """All cases at the same time, each in a network of its own: they only wait."""
    with ThreadPoolExecutor(len(CASES)) as pool:
        after = pool.map(lambda case: noticed_after(case, DEAD_PEER, LONGEST_S), CASES)
        noticed = dict(zip(CASES, after, strict=True))

    assert [case for case, seconds in noticed.items() if seconds is None] == []


def test_database_url__every_connection_has_the_limits() -> None:
    url = parse_database_url("DATABASE_URL", URL)
    assert url.settings()["OPTIONS"].items() >= DEAD_PEER.items()
    assert url.parameters().items() >= DEAD_PEER.items()
    idle, interval, count = (
        int(DEAD_PEER[f"keepalives_{name}"]) for name in ("idle", "interval", "count")
    )
    assert idle + interval * count < LONGEST_S
    assert int(DEAD_PEER["tcp_user_timeout"]) < LONGEST_S * 1000


def test_database_url__own_limits__win() -> None:
    url = parse_database_url("DATABASE_URL", f"{URL}?tcp_user_timeout=5000")
    assert url.settings()["OPTIONS"]["tcp_user_timeout"] == "5000"
