"""Whether a worker grows under mixed load. Run: python -m tests.bench.soak

EASYMO_SOAK_MINUTES (default 30) of greetings by people never seen before, vouchers made
and read by the same staff again and again, unexpected pictures, statuses of what
was sent, junk, and people who are not served. The first tenth warms up and is not
counted. Prints one JSON line.
"""

from __future__ import annotations

import os
import re
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

# First: it sets Django up.
from tests.roles import confirmed_roles

from tests.bench.turns import USUAL, post, service, tell  # isort: skip
from tests import databases, payloads
from tests.agents.cast import make_cast
from tests.fakes import openai_answers as say
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.graph import FakeGraph, Taken
    from tests.worker import Worker

MINUTES = float(os.environ.get("EASYMO_SOAK_MINUTES", "30"))
A_SECOND = 4.0
WARM_UP = 0.1
TARGET_MB = 30
STAFF = 40


def main() -> None:
    databases.start_server()
    template = databases.template()
    with databases.clone(template, label="bench") as name, databases.using(name):
        with confirmed_roles():
            make_cast()
            make_staff()
        measure(databases.url())


def make_staff() -> None:
    for number in range(STAFF):
        Profile.objects.create(msisdn=staff(number), role="staff", language="en")


def measure(database_url: str) -> None:
    with service(database_url, USUAL, answer=answer) as (worker, graph, url):
        graph.tell(lambda taken: tell_arrival(graph, url, taken))
        sizes = load(worker, url)
        sent = len(graph.sent)
    warm = sizes[int(len(sizes) * WARM_UP) :]
    tenth = max(1, len(warm) // 10)
    began, ended = (statistics.median(part) for part in (warm[:tenth], warm[-tenth:]))
    tell(
        f"growth of a worker in {MINUTES:g} minutes of mixed load, MB",
        ended - began,
        target=TARGET_MB,
        reached=ended - began < TARGET_MB,
        began_at_mb=round(began, 1),
        ended_at_mb=round(ended, 1),
        posted=int(MINUTES * 60 * A_SECOND),
        sent=sent,
    )


def load(worker: Worker, url: str) -> list[float]:
    """Post the mix at a steady pace; return the worker's size, once a second."""
    sizes: list[float] = []
    start = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        for place in range(int(MINUTES * 60 * A_SECOND)):
            time.sleep(max(0.0, start + place / A_SECOND - time.monotonic()))
            make = MIX[place % len(MIX)]
            pool.submit(post, url, make(place))
            if place % A_SECOND == 0:
                sizes.append(resident_mb(worker.pid))
    return sizes


def greeting(place: int) -> bytes:
    return payloads.webhook(payloads.text("hello", sender=stranger(place)))


def order(place: int) -> bytes:
    words = f"create voucher 1000 for {customer(place)}"
    return payloads.webhook(payloads.text(words, sender=staff(place % STAFF)))


def question(place: int) -> bytes:
    return payloads.webhook(payloads.text("my vouchers", sender=customer(place)))


def picture(place: int) -> bytes:
    content = {"id": "1234567890", "mime_type": "image/jpeg", "sha256": "x" * 43}
    return payloads.webhook(
        payloads.message("image", content, sender=stranger(place % 50))
    )


def junk(place: int) -> bytes:
    return b'{"object": "whatsapp_business_account", "entry": [[%d]]}' % place


def stray_status(place: int) -> bytes:
    item = payloads.status(payloads.message_id(), "delivered", opaque="")
    return payloads.webhook(item)


MIX: tuple[Callable[[int], bytes], ...] = (
    greeting,
    order,
    question,
    greeting,
    order,
    picture,
    question,
    stray_status,
    greeting,
    junk,
)


def tell_arrival(graph: FakeGraph, url: str, taken: Taken) -> None:
    """Meta tells of each message that it arrived."""
    body = graph.status_webhook(taken, "delivered")

    def tell_it() -> None:
        # At the end there is no reader any more.
        with suppress(OSError):
            post(url, body)

    threading.Thread(target=tell_it, daemon=True).start()


def answer(body: dict[str, Any]) -> say.Answer:
    """Order what was asked for; after the tool's answer, or else, a word."""
    last = body["input"][-1]
    if last.get("type") == "function_call_output":
        return say.text("There you are.")
    words = str(last)
    if "create voucher" in words and (number := re.search(r"\+2507885\d{5}", words)):
        return say.call(
            "create_voucher",
            amount=1000,
            currency=None,
            customer_msisdn=number.group(),
        )
    if "my vouchers" in words:
        return say.call("list_vouchers")
    return say.text("I am here.")


def staff(number: int) -> str:
    return f"+2507884{number:05d}"


def customer(place: int) -> str:
    return f"+2507885{place % 1000:05d}"


def stranger(place: int) -> str:
    return f"+25078{2_000_000 + place:07d}"


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
