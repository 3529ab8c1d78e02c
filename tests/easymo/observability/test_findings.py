"""Findings become rows: whose it is decides, and the value is kept nowhere."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from easymo.observability import findings, leaks, metrics
from easymo.observability.leaks import QueuedFinding
from easymo.observability.models import LeakFinding, ScannedLines
from rollout.evidence import leaks as told
from tests import processes
from tests.canaries import ALINE, BOSCO
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

NATIONAL = "0" + ALINE.msisdn[4:]


@pytest.fixture
def aline(db: None) -> Profile:
    return Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn)


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    yield
    while not leaks.waiting.empty():
        leaks.waiting.get()


def found(
    value: str = ALINE.msisdn, *, strong: bool = True, sink: str = "log"
) -> QueuedFinding:
    return QueuedFinding("msisdn", sink, value, strong, None)


@pytest.mark.usefixtures("aline")
def test_write__somebody_we_know__is_confirmed_and_not_kept() -> None:
    before = timezone.now()

    assert findings.write([found()], Counter()) == 1

    row = LeakFinding.objects.get()
    assert (row.level, row.kind, row.sink) == ("confirmed", "msisdn", "log")
    with connection.cursor() as cursor:
        cursor.execute("SELECT f::text FROM observability_leakfinding f")
        assert ALINE.msisdn[4:] not in cursor.fetchone()[0]
    assert told.confirmed_since(before) == 1
    assert told.candidates_since(before) == 0
    assert told.confirmed_since(timezone.now()) == 0


@pytest.mark.usefixtures("aline")
def test_write__somebody_we_do_not_know__is_a_candidate() -> None:
    before = timezone.now()

    assert findings.write([found(BOSCO.msisdn)], Counter()) == 0

    assert LeakFinding.objects.get().level == "candidate"
    assert told.candidates_since(before) == 1
    assert told.confirmed_since(before) == 0


@pytest.mark.usefixtures("aline")
def test_write__nine_bare_digits__matter_only_where_they_are_somebodys() -> None:
    findings.write([found(BOSCO.msisdn, strong=False), found(strong=False)], Counter())

    assert LeakFinding.objects.get().level == "confirmed"


@pytest.mark.usefixtures("aline")
def test_write__the_same_many_times__is_one_row() -> None:
    before = timezone.now()

    findings.write([found()] * 40 + [found(sink="stderr")], Counter())

    assert sorted(LeakFinding.objects.values_list("sink", "times")) == [
        ("log", 40),
        ("stderr", 1),
    ]
    assert told.confirmed_since(before) == 41


@pytest.mark.django_db
def test_write__lines__add_up_over_processes() -> None:
    before = timezone.now()

    findings.write([], Counter(log=3, stderr=1))
    findings.write([], Counter(log=4))

    assert told.lines_scanned_since(before) == 8


@pytest.mark.django_db
def test_fold__old_minutes__become_hours_and_no_sum_changes() -> None:
    old = (timezone.now() - timedelta(days=3)).replace(
        minute=0, second=0, microsecond=0
    )
    for minute in range(5):
        ScannedLines.objects.create(
            minute=old + timedelta(minutes=minute), sink="log", lines=10
        )
    findings.write([], Counter(log=1))

    findings.fold()

    assert told.lines_scanned_since(old) == 51
    assert ScannedLines.objects.filter(minute__lt=old + timedelta(hours=1)).count() == 1


@pytest.mark.usefixtures("aline")
@pytest.mark.parametrize("statement", ["UPDATE %s SET times = 0", "DELETE FROM %s"])
def test_leak_finding__once_written__stays(statement: str) -> None:
    findings.write([found()], Counter())

    with (
        pytest.raises(DatabaseError, match="written once"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement % "observability_leakfinding")


@pytest.mark.usefixtures("aline")
def test_collect__findings_and_lines__are_told_from_rows() -> None:
    findings.write([found()] * 2 + [found(BOSCO.msisdn)], Counter(log=7))

    text = metrics.render().decode()

    assert 'pii_confirmed_total{kind="msisdn",sink="log"} 2.0' in text
    assert 'pii_candidates_total{kind="msisdn",sink="log"} 1.0' in text
    assert 'pii_confirmed_total{kind="msisdn",sink="sentry"} 0.0' in text
    assert 'pii_lines_scanned_total{sink="log"} 7.0' in text


@pytest.mark.usefixtures("aline")
def test_writer__the_database_is_away__writes_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threading.Thread.start", lambda _self: None)
    # The test's own connection has to live on.
    monkeypatch.setattr(connection, "close", lambda: None)
    writer = findings._Writer()
    leaks.guard(NATIONAL, leaks.LOG)
    write = findings.write

    def away(*_: object) -> int:
        raise DatabaseError

    monkeypatch.setattr(findings, "write", away)
    assert not writer._look(with_counts=True)
    monkeypatch.setattr(findings, "write", write)

    assert writer._look(with_counts=True)

    assert LeakFinding.objects.get().level == "confirmed"


PROGRAM = """
import logging, os, sys, threading
os.environ["DJANGO_SETTINGS_MODULE"] = "easymo.settings"
from easymo.observability import streams
streams.guard_process()
import django
django.setup()
number = sys.argv[1]
library = logging.getLogger("a.library")
library.propagate = False
library.addHandler(logging.StreamHandler())
library.warning("dialling %s", number)
print("dialled", number)
def crash():
    raise ValueError(number)
thread = threading.Thread(target=crash)
thread.start()
thread.join()
logging.getLogger("ours").warning("all is well")
"""


def test_process__a_library_writes_a_customers_number__is_masked_and_confirmed(
    committed_db: str,
) -> None:
    Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn)
    before = timezone.now()

    out = processes.run("-c", PROGRAM, NATIONAL, DATABASE_URL=committed_db)

    assert ALINE.msisdn[4:] not in out
    assert "dialled +2507***456" in out
    found = LeakFinding.objects.filter(level="confirmed")
    assert set(found.values_list("sink", flat=True)) == {"stdout", "stderr"}
    assert told.confirmed_since(before) == 2
    assert told.lines_scanned_since(before) >= 4


def test_process__without_the_guard__the_number_gets_out(committed_db: str) -> None:
    """The control: what the test above writes does leave by itself."""
    unguarded = PROGRAM.replace("streams.guard_process()", "")

    assert NATIONAL in processes.run(
        "-c", unguarded, NATIONAL, DATABASE_URL=committed_db
    )


def test_start__twice__is_one_thread(committed_db: str) -> None:
    program = (
        "import threading, os;"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'easymo.settings';"
        "from easymo.observability import streams;"
        "streams.guard_process(); streams.guard_process();"
        "print(sum(t.name == 'leak-findings' for t in threading.enumerate()))"
    )

    assert processes.run("-c", program, DATABASE_URL=committed_db).strip() == "1"
