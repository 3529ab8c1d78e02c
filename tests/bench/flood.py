"""The effect of one sender's flood on others. Run: python -m tests.bench.flood

Prints one JSON line. Others write at a steady pace, first alone, then while one sender
posts 5,000 messages as fast as they are taken; the difference is what the flood costs.
"""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests import databases, payloads
from tests.agents.cast import make_cast
from tests.bench.turns import USUAL, post, send, service, tell
from tests.roles import confirmed_roles

FLOOD = 5_000
POSTERS = 8
PROBES = 20
A_SECOND = 1.0
TARGET_LATE_S = 5.0
FLOODER = "+250788999999"


def main() -> None:
    databases.start_server()
    template = databases.template()
    with databases.clone(template, label="bench") as name, databases.using(name):
        with confirmed_roles():
            make_cast()
        measure(databases.url())


def measure(database_url: str) -> None:
    with service(database_url, USUAL, model_s=0.0) as (_, graph, url):
        send(url, graph, count=3, a_second=2)
        alone = send(url, graph, count=PROBES, a_second=A_SECOND)
        ended: list[float] = []
        flood = threading.Thread(target=lambda: ended.append(pour(url)))
        flood.start()
        # They count what reaches others; the flooder's own few replies come besides.
        amid = probe(url, graph)
        flood.join()
    baseline = statistics.median(alone)
    late = max(amid) - baseline
    tell(
        "another's reply during a flood of one sender, latest by s",
        late,
        target=TARGET_LATE_S,
        reached=late < TARGET_LATE_S,
        baseline_s=round(baseline, 2),
        median_s=round(statistics.median(amid), 2),
        flood=FLOOD,
        poured_in_s=round(ended[0], 1),
        others=len(amid),
    )


def pour(url: str) -> float:
    """Post the flood; return how long the webhook took to take it."""
    started_at = time.monotonic()
    with ThreadPoolExecutor(POSTERS) as pool:
        for number in range(FLOOD):
            text = payloads.text(f"hello {number}", sender=FLOODER)
            pool.submit(post, url, payloads.webhook(text))
    return time.monotonic() - started_at


def probe(url: str, graph: object) -> list[float]:
    """Write as others do during the flood; return how long each reply took."""
    posted: dict[str, float] = {}
    took: dict[str, float] = {}
    start = time.monotonic()
    for place in range(PROBES):
        time.sleep(max(0.0, start + place / A_SECOND - time.monotonic()))
        sender = f"+25078{3_000_000 + place:07d}"
        posted[sender] = time.time()
        post(url, payloads.webhook(payloads.text("hello", sender=sender)))
    end = time.monotonic() + 120
    while len(took) < PROBES and time.monotonic() < end:
        for sent in list(graph.sent):  # type: ignore[attr-defined]
            if sent.to in posted:
                took.setdefault(sent.to, sent.at - posted[sent.to])
        time.sleep(0.05)
    missing = set(posted) - set(took)
    return [*took.values(), *(120.0 for _ in missing)]


if __name__ == "__main__":
    main()
