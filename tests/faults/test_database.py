"""PostgreSQL away for 3 and for 45 seconds, or read-only, while people write.

Web and worker are real processes over a private server; webhooks that are refused
come again, as Meta's do. Afterwards every order made one voucher and had one receipt.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import Request, urlopen

import psycopg
import pytest

from tests import payloads
from tests.fakes.graph import FakeGraph
from tests.faults.test_graph import free_port
from tests.live import until
from tests.outage import away, private_cluster, read_only
from tests.processes import ROOT, environment, manage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from easymo.development.embedded import Cluster
    from tests.fakes.graph import Taken

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("outage"),
]
SECRET = "first-secret"
STAFF = 24
PEOPLE = """
from vouchers.models import Profile
from vouchers.services.profiles import create_or_change_profile
for n in range({count}):
    create_or_change_profile(msisdn=f"+2507884{{n:05d}}", role="staff", language="en")
    Profile.objects.create(msisdn=f"+2507885{{n:05d}}", name=f"Customer {{n}}")
"""
SWITCHES = ("CHAT=on", "VOUCHERS=on", "CUSTOMER_LOOKUP=on")


class Deployment:
    """Web, worker, their database, and Meta on both sides of them."""

    def __init__(self, cluster: Cluster, graph: FakeGraph) -> None:
        self.cluster = cluster
        self.graph = graph
        self.url = cluster.url("easymo")
        self.port = free_port()
        self.refused = 0
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        given = environment(
            DATABASE_URL=self.url,
            PORT=str(self.port),
            HOST="127.0.0.1",
            ALLOWED_HOSTS="127.0.0.1",
            WHATSAPP_API_URL=self.graph.url,
            WA_TOKEN=self.graph.token,
            WA_PHONE_ID=self.graph.phone_number_id,
            WA_APP_SECRET=SECRET,
        )
        for command in (
            ("-m", "easymo.web.server"),
            ("manage.py", "procrastinate", "worker"),
        ):
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, *command],
                    cwd=ROOT,
                    env=given,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        until(self.is_up)

    def is_up(self) -> bool:
        with suppress(URLError, OSError):
            urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).close()
            return True
        return False

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)

    def post(self, body: bytes) -> None:
        """Post until it is accepted, as Meta does, but faster."""
        end = time.monotonic() + 300
        while not self._taken(body):
            assert time.monotonic() < end, "the webhook was never taken"
            self.refused += 1
            time.sleep(0.5)

    def _taken(self, body: bytes) -> bool:
        request = Request(
            f"http://127.0.0.1:{self.port}{payloads.URL}",
            body,
            payloads.signed(body, secret=SECRET) | {"Content-Type": "application/json"},
        )
        try:
            urlopen(request, timeout=15).close()
        except (URLError, OSError):
            return False
        return True

    def one(self, statement: str) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(statement).fetchone()
        return int(row[0]) if row else 0


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home: Path = tmp_path_factory.mktemp("outage") / "postgres"
    with private_cluster(home) as cluster:
        url = cluster.url("easymo")
        manage("migrate", "--verbosity", "0", DATABASE_URL=url)
        manage("shell", "-c", PEOPLE.format(count=3 * STAFF), DATABASE_URL=url)
        switches = [f"FEATURE_AGENT_{name}" for name in SWITCHES]
        manage("flags", "set", *switches, "--reason", "a test", DATABASE_URL=url)
        with FakeGraph() as graph:
            found = Deployment(cluster, graph)
            graph.tell(lambda taken: tell_delivered(found, taken))
            found.start()
            yield found
            found.stop()


def tell_delivered(deployment: Deployment, taken: Taken) -> None:
    """Let Meta report the delivery, on a thread of its own."""
    body = deployment.graph.status_webhook(taken, "delivered")
    threading.Thread(target=deployment.post, args=(body,), daemon=True).start()


@pytest.mark.parametrize(
    ("gone", "seconds", "first"),
    [
        (away, 3.0, 0),
        (away, float(os.environ.get("EASYMO_TEST_OUTAGE", "45")), STAFF),
        (read_only, 3.0, 2 * STAFF),
    ],
    ids=["3", "45", "read-only"],
)
def test_database__away_under_load__every_order_once(
    deployment: Deployment,
    gone: Callable[[Cluster], AbstractContextManager[None]],
    seconds: float,
    first: int,
) -> None:
    # Given
    orders = range(first, first + STAFF)
    refused = deployment.refused

    def send(n: int) -> None:
        time.sleep((n - first) * (seconds + 2) / STAFF)
        deployment.post(order(n))

    senders = [threading.Thread(target=send, args=(n,)) for n in orders]

    # When
    for sender in senders:
        sender.start()
    time.sleep(1)
    with gone(deployment.cluster):
        time.sleep(seconds)
    for sender in senders:
        sender.join()

    # Then
    staff = {f"+2507884{n:05d}" for n in orders}
    until(lambda: staff <= {taken.to for taken in deployment.graph.sent}, seconds=300)
    # No message twice: neither the same row, nor another with the same text.
    sent = [taken for taken in deployment.graph.sent if taken.to in staff]
    rows = Counter(taken.body["biz_opaque_callback_data"] for taken in sent)
    assert set(rows.values()) == {1}
    assert set(Counter((taken.to, taken.text) for taken in sent).values()) == {1}
    made = deployment.one(
        "SELECT count(*) FROM easymo.vouchers v JOIN easymo.profiles p"
        f" ON p.id = v.owner_id WHERE p.msisdn >= '+2507885{first:05d}'"
        f" AND p.msisdn < '+2507885{first + STAFF:05d}'"
    )
    assert made == STAFF
    assert deployment.refused > refused
    manage("audit", "verify", DATABASE_URL=deployment.url)


def order(n: int) -> bytes:
    words = f"create voucher 1000 for +2507885{n:05d}"
    return payloads.webhook(payloads.text(words, sender=f"+2507884{n:05d}", name=""))
