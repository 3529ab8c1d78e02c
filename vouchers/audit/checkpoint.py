"""Write a signed checkpoint over all vouchers.

Only the vouchers with new events are read again; what the last checkpoint recorded of
the others stays. A voucher with a fault keeps its old record, so every later
verification still finds it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from easymo import keys
from easymo.observability.logs import get_logger
from vouchers.audit import checkpoint_checks, copies, leaves, merkle, rows, signing
from vouchers.audit.comparison import Baseline, compare
from vouchers.audit.verify import open_page
from vouchers.models import Checkpoint, CheckpointPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchers.audit.leaves import Leaf
    from vouchers.trail import Broken

logger = get_logger(__name__)

# One checkpoint at a time: the key of an advisory lock of the transaction.
LOCK = 7_216_401_953
# Events are committed in another order than they are numbered.
OVERLAP = 1_000
MOST_NAMED = 100
CHANGED = """
SELECT DISTINCT voucher_id FROM voucher_event WHERE id > %s ORDER BY voucher_id
"""
ALL = "SELECT id FROM vouchers WHERE id > %s ORDER BY id"
LAST = """
SELECT coalesce((SELECT max(id) FROM vouchers), 0),
       coalesce((SELECT max(id) FROM voucher_event), 0)
"""


class CheckpointRefused(Exception):
    """The records of the last checkpoint are damaged; nothing was written."""


@dataclass(slots=True)
class WrittenCheckpoint:
    """A new checkpoint, and the faults of the vouchers that it looked at."""

    checkpoint: Checkpoint
    broken: list[Broken] = field(default_factory=list)


def is_due() -> bool:
    """Tell whether vouchers changed since the last checkpoint, or a day has passed."""
    last = checkpoint_checks.newest()
    voucher, event = _last_ids()
    if last is None:
        return voucher > 0
    changed = bool(event > json.loads(last.document)["last_event"])
    return changed or timezone.now().date() > last.created_at.date()


def write(*, accepted: str = "") -> WrittenCheckpoint:
    """Write the next checkpoint.

    ``accepted`` is the reason for taking all vouchers as they are, whatever earlier
    checkpoints say. Without it, damaged records raise ``CheckpointRefused``.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        written = _write(accepted)
    copies.publish(written.checkpoint)
    if written.broken:
        logger.error("voucher.checkpoint.broken", count=len(written.broken))
    return written


def _write(accepted: str) -> WrittenCheckpoint:
    last = checkpoint_checks.newest()
    document = json.loads(last.document) if last else None
    number = last.number + 1 if last else 1
    baseline = Baseline(
        key_ids=checkpoint_checks.known_key_ids(last), accepts_unsealed=bool(accepted)
    )
    if last is not None and not accepted:
        baseline.number = last.number
        _refuse_damaged(last)
    elif not accepted:
        _refuse_missing()
    if accepted:
        CheckpointPage.objects.all().delete()
    voucher, event = _last_ids()
    is_first = document is None or bool(accepted)
    since = 0 if document is None else max(0, document["last_event"] - OVERLAP)
    broken: list[Broken] = []
    for ids in _batches(ALL if is_first else CHANGED, 0 if is_first else since):
        broken.extend(_record(ids, number, baseline))
    body = _document(last, number, accepted, broken)
    body |= {"last_voucher": voucher, "last_event": event}
    text = signing.canonical(body)
    checkpoint = Checkpoint.objects.create(
        number=number,
        created_at=body["created_at"],
        document=text,
        signatures=signing.sign(text),
        hash=signing.hash_of(text),
    )
    checkpoint.refresh_from_db()
    return WrittenCheckpoint(checkpoint, broken)


def _refuse_damaged(last: Checkpoint) -> None:
    """Write nothing on top of records that the last checkpoint did not sign."""
    trusted = checkpoint_checks.trusted_keys(last)
    if signing.check(last.document, last.signatures, trusted) is False:
        raise CheckpointRefused(f"The signature of checkpoint {last.number} is wrong.")
    roots = CheckpointPage.objects.order_by("number").values_list("root", flat=True)
    if (
        merkle.root([bytes(each) for each in roots]).hex()
        != (json.loads(last.document)["root"])
    ):
        raise CheckpointRefused(
            f"The records of checkpoint {last.number} were changed. Run audit verify."
        )


def _refuse_missing() -> None:
    """Begin no new series where an earlier one was deleted."""
    if faults := list(checkpoint_checks.later_checkpoints(0)):
        raise CheckpointRefused(f"{faults[0].voucher}: {faults[0].why}")


def _last_ids() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(LAST)
        voucher, event = cursor.fetchone()
    return int(voucher), int(event)


def _batches(query: str, after: int) -> Iterator[list[int]]:
    # A cursor of the server, so that not all ids are in memory.
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, [after])
        while found := cursor.fetchmany(rows.BATCH):
            yield [number for (number,) in found]


def _record(ids: Sequence[int], number: int, baseline: Baseline) -> Iterator[Broken]:
    """Record these vouchers in their pages; yield the faults."""
    grouped = rows.by_page(ids)
    pages = {
        page.number: page
        for page in CheckpointPage.objects.filter(pk__in=list(grouped))
    }
    trails = {
        voucher["id"]: (voucher, events) for voucher, events in rows.trails_of(ids)
    }
    for page_number, members in grouped.items():
        recorded: dict[int, Leaf] = {}
        if page := pages.get(page_number):
            found, faults = open_page(page)
            if faults:
                yield from faults
                continue
            recorded = {leaf.voucher_id: leaf for leaf in found}
        for each in members:
            if each not in trails:
                continue
            voucher, events = trails[each]
            faults = list(compare(voucher, events, recorded.get(each), baseline))
            yield from faults
            if not faults:
                recorded[each] = leaves.leaf_of(voucher, events)
        if recorded:
            _store(page_number, number, [recorded[each] for each in sorted(recorded)])


def _store(number: int, checkpoint: int, found: Sequence[Leaf]) -> None:
    key_id = keys.writing_key_id()
    root, totals = leaves.page_root(found), leaves.totals_of(found)
    CheckpointPage.objects.update_or_create(
        number=number,
        defaults={
            "checkpoint": checkpoint,
            "leaves": leaves.pack(found, key_id),
            "root": root,
            "totals": totals,
            "key_id": key_id,
            "mac": leaves.page_mac(number, checkpoint, root, totals, key_id),
        },
    )


def _document(
    last: Checkpoint | None, number: int, accepted: str, broken: Sequence[Broken]
) -> dict[str, Any]:
    roots, totals = [], Counter[str]()
    pages = CheckpointPage.objects.order_by("number").values_list("root", "totals")
    for root, sums in pages.iterator(chunk_size=checkpoint_checks.CHUNK):
        roots.append(bytes(root))
        totals.update(sums)
    named = sorted({each.voucher for each in broken})
    before = json.loads(last.document)["keys"] if last else {}
    return {
        "kind": "easymo.checkpoint.1",
        "number": number,
        "created_at": timezone.now().isoformat(),
        "previous": bytes(last.hash).hex() if last else None,
        "vouchers": sum(n for name, n in totals.items() if name.endswith("count")),
        "root": merkle.root(roots).hex(),
        "totals": dict(sorted(totals.items())),
        "conserved": leaves.is_conserved(totals),
        "broken": named[:MOST_NAMED],
        "accepted": accepted,
        "keys": {**before, **signing.public_keys()},
    }
