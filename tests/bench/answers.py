"""What forwarding adds to the webhook's answer: nothing, it is queued behind it.

Two web processes, one with a previous workflow named and one without, are asked
in turns over one connection each, by senders that the agent does not serve.
"""

from __future__ import annotations

import http.client
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests import payloads
from tests.bench.turns import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "bench-secret"
PORTS = (8461, 8462)
ROUNDS = 30
IN_A_ROUND = 40


def measure(database_url: str, legacy_url: str) -> None:
    """Print how long an answer takes with forwarding, and without."""
    with (
        web(database_url, PORTS[0], LEGACY_WEBHOOK_URL=legacy_url) as with_it,
        web(database_url, PORTS[1]) as without,
    ):
        ours: list[float] = []
        bare: list[float] = []
        ratios: list[float] = []
        for number in range(ROUNDS):
            # In turns, so that what else runs on the machine hits both alike.
            for _ in range(IN_A_ROUND):
                for one in (with_it, without) if number % 2 else (without, with_it):
                    (ours if one is with_it else bare).append(ask(one) * 1_000)
            mine, of_issuer = (statistics.median(r[-IN_A_ROUND:]) for r in (ours, bare))
            ratios.append(mine / of_issuer)
    tell(
        "webhook's answer with forwarding, median ms",
        statistics.median(ours),
        baseline=round(statistics.median(bare), 2),
        ratio=round(statistics.median(ratios), 2),
        p95=round(statistics.quantiles(ours, n=20)[-1], 2),
        baseline_p95=round(statistics.quantiles(bare, n=20)[-1], 2),
        answers=len(ours),
    )


def ask(connection: http.client.HTTPConnection) -> float:
    body = payloads.webhook(payloads.text("hello", sender="+250781999999"))
    headers = payloads.signed(body, secret=SECRET)
    began = time.perf_counter()
    connection.request("POST", payloads.URL, body, headers)
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - began
    if answer.status != 200:
        raise RuntimeError(f"The webhook answered {answer.status}.")
    return seconds


@contextmanager
def web(
    database_url: str, port: int, **more: str
) -> Iterator[http.client.HTTPConnection]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "easymo.settings",
        "DATABASE_URL": database_url,
        "WA_APP_SECRET": SECRET,
        "LOG_LEVEL": "WARNING",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        **more,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "easymo.web.server"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for _ in range(600):
            try:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                break
            except OSError:
                connection.close()
                time.sleep(0.1)
        for _ in range(IN_A_ROUND):
            ask(connection)
        yield connection
    finally:
        connection.close()
        process.terminate()
        process.wait(15)
