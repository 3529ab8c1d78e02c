"""What pages, searches and jobs cost as the tables grow.

`python -m tests.bench.growth [SMALL LARGE]`: fills two databases (100,000 and 1,000,000
people, vouchers, events, conversations, turns and messages unless others are given),
measures each subject in both in turns, and prints one JSON line per figure and a table.
Ten million are asked for by number; they need 40 GB.
"""

from __future__ import annotations

# Django must be set up before our code is imported.
# ruff: noqa: E402
import json
import os
import statistics
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from agents.models import Conversation, InboxEntry
from agents.notifications import voucher_events
from agents.operations import backlog
from agents.outcomes import recording
from agents.turns import budgets, history
from easymo.observability import metrics, tallies
from tests import databases
from tests.bench.voucher_seed import unindexed
from tests.growth.seeding import GIVEN_NAMES, SEEDED, open_conversations, seed
from vouchers import selectors
from vouchers.models import ExpiryMark, Profile, Voucher
from vouchers.services import periodic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = (100_000, 1_000_000)
ROUNDS = 5
LIMIT_MS = 300
MOST_RATIO = 1.5
# Below this a ratio says more about the machine than about the rows.
LEAST_MS = 5.0
ADMIN = "/admin"
PEOPLE, VOUCHERS = f"{ADMIN}/vouchers/profile/", f"{ADMIN}/vouchers/voucher/"
TALKS, OUTBOUND = f"{ADMIN}/agents/conversation/", f"{ADMIN}/agents/outboundmessage/"
INBOX = f"{ADMIN}/inbox/"
# Conversations in the inbox, whatever the size of the tables.
OPEN = 10_000


def pages() -> dict[str, str]:
    """Return the pages, for the newest rows of the database in use."""
    person, voucher = Profile.objects.latest("id"), Voucher.objects.latest("id")
    talk = Conversation.objects.latest("id")
    waits = InboxEntry.objects.latest("pk").pk
    few, many = "Number0004242", GIVEN_NAMES[1]
    number = str(person.msisdn).replace("+", "%2B")
    return {
        "vouchers: list": VOUCHERS,
        "vouchers: page 20": f"{VOUCHERS}?p=20",
        "vouchers: by reference": f"{VOUCHERS}?q={voucher.reference}",
        "vouchers: by id": f"{VOUCHERS}?q={voucher.public_id}",
        "vouchers: by last digits": f"{VOUCHERS}?q=4242",
        "vouchers: by number": f"{VOUCHERS}?q={number}",
        "vouchers: by rare name": f"{VOUCHERS}?q={few}",
        "vouchers: by frequent name": f"{VOUCHERS}?q={many}",
        "vouchers: by unknown name": f"{VOUCHERS}?q=nameofnoone",
        "vouchers: redeemed": f"{VOUCHERS}?status=redeemed",
        "vouchers: void": f"{VOUCHERS}?status=void",
        "vouchers: of a month": f"{VOUCHERS}?created_at_from=2026-01-01"
        "&created_at_to=2026-02-01",
        "vouchers: sorted by amount": f"{VOUCHERS}?o=3",
        "vouchers: one": f"{VOUCHERS}{voucher.pk}/change/",
        "people: list": PEOPLE,
        "people: by number": f"{PEOPLE}?q={number}",
        "people: by id": f"{PEOPLE}?q={person.public_id}",
        "people: by rare name": f"{PEOPLE}?q={few}",
        "people: by frequent name": f"{PEOPLE}?q={many}",
        "people: by two words": f"{PEOPLE}?q={many}+Number00042",
        "people: by two letters": f"{PEOPLE}?q=ke",
        "people: staff": f"{PEOPLE}?role__exact=staff",
        "people: one": f"{PEOPLE}{person.pk}/change/",
        "conversations: list": TALKS,
        "conversations: by name": f"{TALKS}?q={few}",
        "conversations: by number": f"{TALKS}?q={number}",
        "conversations: in a language": f"{TALKS}?language__exact=en",
        "conversations: one": f"{TALKS}{talk.pk}/change/",
        "messages: list": OUTBOUND,
        "messages: failed": f"{OUTBOUND}?state__exact=failed",
        "messages: by name": f"{OUTBOUND}?q={few}",
        "inbox: list": INBOX,
        "inbox: unread": f"{INBOX}?show=unread",
        "inbox: by name": f"{INBOX}?q={few}",
        "inbox: one": f"{INBOX}?c={waits}",
        "inbox: poll": f"{INBOX}news/?c={waits}",
        "start: control room": f"{ADMIN}/?page=room",
        "start: what needs you now": f"{ADMIN}/",
    }


def jobs() -> dict[str, Callable[[], Any]]:
    """Return what runs after each turn or each minute, for the database in use."""
    talk = Conversation.objects.select_related("profile").latest("id")
    now = timezone.now()
    return {
        "turn: voucher news": voucher_events.announce,
        "turn: history": lambda: history.before(conversation=talk, now=now),
        "turn: budget of a day": lambda: budgets.is_over_day(talk),
        "turn: budget of an hour": budgets.is_over_hour,
        "turn: vouchers of a person": lambda: list(
            selectors.usable_vouchers_of(talk.profile)[:20]
        ),
        "minute: news left behind": voucher_events.announce_left_behind,
        "minute: news for issuers": voucher_events.notify_issuers_of_failures,
        "minute: oldest waiting": backlog.oldest_waiting,
        "minute: enqueue waiting": backlog.enqueue_waiting,
        "minute: expire vouchers": lambda: periodic.expire_vouchers(
            run=ExpiryMark.Run.FREQUENT
        ),
        "minute: record outcomes": recording.record_finished,
    }


def told(figure: str, **values: object) -> None:
    sys.stdout.write(json.dumps({"figure": figure, **values}) + "\n")
    sys.stdout.flush()


def ask(client: Client, path: str) -> None:
    page, is_search, words = path.partition("?q=")
    if is_search and page != INBOX:
        # As the search fields do: sent in the body, then the page that answers.
        sent = {"_search": "q", "q": unquote_plus(words)}
        answer = client.post(page, sent, follow=True)
    else:
        answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)


@contextmanager
def filled(count: int) -> Iterator[str]:
    """Give a database with this number of rows of each table for a while."""
    begun = time.monotonic()
    tables = [model._meta.db_table for model in SEEDED]
    with databases.clone(databases.template(), label="growth") as name:
        with databases.using(name), connection.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" SET statement_timeout = 0')
            cursor.execute("SET statement_timeout = 0")
            with unindexed(count, *tables):
                seed(count)
            open_conversations(cursor, OPEN)
            cursor.execute("VACUUM ANALYZE")
            # A running system sums its rows as they come.
            metrics.collectors()
            while tallies.fold_all():
                pass
            User.objects.create_superuser("bench", password=None)
            size = "SELECT pg_database_size(current_database()) / 1e6"
            cursor.execute(size)
            megabytes = round(float(cursor.fetchone()[0]))
        told(
            "seeding",
            rows=count,
            seconds=round(time.monotonic() - begun),
            megabytes=megabytes,
        )
        yield name


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def milliseconds(work: Callable[[], object]) -> float:
    with undone():
        begun = time.perf_counter()
        work()
        return (time.perf_counter() - begun) * 1e3


def subjects(name: str) -> dict[str, Callable[[], object]]:
    """Return everything that is measured, for one database."""
    with databases.using(name):
        client = Client(headers={"host": "localhost"})
        client.force_login(User.objects.get(username="bench"))
        found: dict[str, Callable[[], object]] = {
            figure: lambda path=path: ask(client, path)
            for figure, path in pages().items()
        }
        return found | jobs()


def first_metrics(name: str) -> float:
    """Measure /metrics on a connection, and caches, that have done nothing yet."""
    with databases.using(name):
        begun = time.perf_counter()
        metrics.render()
        return (time.perf_counter() - begun) * 1e3


def compare(small: str, large: str) -> list[tuple[str, float, float]]:
    names = (small, large)
    first = [round(first_metrics(name), 1) for name in names]
    rows = [("metrics: first", first[0], first[1])]
    works = [subjects(name) for name in names]
    for figure in works[0]:
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(ROUNDS + 1):
            for place, name in enumerate(names):
                with databases.using(name):
                    spent = milliseconds(works[place][figure])
                # The first turn warms caches.
                if turn:
                    taken[place].append(spent)
        medians = [round(statistics.median(each), 1) for each in taken]
        rows.append((figure, medians[0], medians[1]))
        told(figure, small_ms=medians[0], large_ms=medians[1])
    return rows


def table(rows: list[tuple[str, float, float]], sizes: tuple[int, int]) -> str:
    lines = [
        f"| | {sizes[0]:,} | {sizes[1]:,} | ratio |",
        "| --- | --- | --- | --- |",
    ]
    for figure, small, large in rows:
        ratio = large / small if small else 0.0
        is_bad = large > LIMIT_MS or (ratio > MOST_RATIO and large > LEAST_MS)
        mark = " (!)" if is_bad else ""
        lines.append(f"| {figure} | {small} ms | {large} ms | {ratio:.2f}{mark} |")
    return "\n".join(lines)


def main() -> None:
    given = [int(text.replace("_", "")) for text in sys.argv[1:]]
    sizes = (given[0], given[1]) if given else SIZES
    settings.DEBUG = False
    databases.start_server()
    with ExitStack() as stack:
        small, large = (stack.enter_context(filled(size)) for size in sizes)
        rows = compare(small, large)
    sys.stderr.write(table(rows, sizes) + "\n")


if __name__ == "__main__":
    main()
