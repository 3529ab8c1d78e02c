"""The check of all vouchers reads by index, in batches, within bounded memory."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.bench import voucher_seed
from vouchers.audit import checkpoint, rows, verify
from vouchers.models import CheckpointPage, Voucher, VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

FEW, MANY = 400, 2_000


@pytest.fixture
def seed() -> Callable[[int, int], None]:
    voucher_seed.people()

    def store(count: int, first: int) -> None:
        voucher_seed.vouchers(count, first=first, prefix=f"p{first}")

    return store


def _peak(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _run() -> None:
    """Check everything and keep nothing, as the command does."""
    run = verify.VerificationRun()
    for _ in run.check_checkpoints():
        pass
    for _ in run.steps():
        pass


@pytest.mark.parametrize("work", [_run, checkpoint.write], ids=["verify", "checkpoint"])
def test_work__five_times_the_vouchers__needs_no_more_memory(
    seed: Callable[[int, int], None],
    work: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given: the chains of seeded vouchers are wrong; faults are not what is measured.
    monkeypatch.setattr(rows, "BATCH", 100)
    monkeypatch.setattr(verify, "compare", lambda *_: iter(()))
    monkeypatch.setattr(checkpoint, "compare", lambda *_: iter(()))
    seed(FEW, 1)
    few = _peak(work)

    # When
    seed(MANY - FEW, FEW + 1)
    many = _peak(work)

    # Then
    # 1,600 vouchers with their events are several megabytes.
    assert many - few < 300_000


def test_verify__more_vouchers__needs_statements_in_proportion(
    seed: Callable[[int, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(rows, "BATCH", 100)
    counts = []

    # When
    for count, first in ((FEW, 1), (FEW, FEW + 1), (FEW, 2 * FEW + 1)):
        seed(count, first)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            _run()
        counts.append(len(queries))

    # Then
    assert counts[2] - counts[1] == counts[1] - counts[0] <= 5 * FEW // 100


def test_checkpoint__one_voucher_changed__writes_its_page_only(
    seed: Callable[[int, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(checkpoint, "compare", lambda *_: iter(()))
    monkeypatch.setattr(checkpoint, "OVERLAP", 0)
    seed(FEW, 1)
    checkpoint.write()

    # When
    seed(1, FEW + 1)
    checkpoint.write()

    # Then
    last = Voucher.objects.order_by("-id").values_list("id", flat=True)[0]
    changed = CheckpointPage.objects.filter(checkpoint=2)
    assert [page.number for page in changed] == [last // 64]
    assert VoucherEvent.objects.count() == FEW + 1


STATEMENTS = {
    "batch": (rows._LAST_OF_BATCH, [10, 100]),
    "trails": (rows._BETWEEN, {"after": 10, "last": 90}),
    "some": (rows._NAMED, {"ids": [11, 12]}),
    "orphans": (verify.ORPHANS, [10, 90]),
    "seals": (verify.UNUSED_SEALS, {"after": 10, "last": 90}),
    "last_seal": (verify.LAST_SEAL, [10]),
    "changed": (checkpoint.CHANGED, [10]),
    "last": (checkpoint.LAST, []),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements__many_rows__are_read_by_index(
    seed: Callable[[int, int], None], name: str
) -> None:
    # Given
    seed(MANY, 1)
    statement, values = STATEMENTS[name]

    # When
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE vouchers, voucher_event, voucher_event_seal")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}", values or None)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    # Then
    assert "Seq Scan" not in plan
    assert "Index" in plan
