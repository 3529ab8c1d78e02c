"""Compare one voucher with its trail, its seals and the last checkpoint. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vouchers import seals, trail
from vouchers.audit import leaves
from vouchers.trail import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchers.audit.leaves import Leaf
    from vouchers.trail import Row

FORGED = "The event was not written by the application: its seal is wrong."
UNSEALED = "The event was not written by the application: it has no seal."


@dataclass(slots=True)
class Baseline:
    """What is known from the checkpoints before any voucher is read."""

    # The number of the last checkpoint; 0: there is none, so nothing was recorded.
    number: int = 0
    # The ids of keys that can have sealed what no checkpoint covers.
    key_ids: frozenset[str] = frozenset()
    # Vouchers are taken as they are, also steps without a seal that can be checked.
    accepts_unsealed: bool = False
    # What cannot be checked, for example because a key is missing.
    notes: set[str] = field(default_factory=set)


def compare(
    voucher: Row, events: Sequence[Row], leaf: Leaf | None, baseline: Baseline
) -> Iterator[Broken]:
    """Yield every fault of one voucher."""
    yield from trail.check(voucher, events)
    name = str(voucher["public_id"])
    covered = leaf.seq if leaf else 0
    for event in events:
        if why := _seal_fault(event, covered, baseline):
            yield Broken(name, event["seq"], why)
    if leaf is not None:
        for why in _differences(voucher, events, leaf, baseline.number):
            yield Broken(name, leaf.seq, why)


def missing(leaf: Leaf, number: int) -> Broken:
    """Return the fault of a recorded voucher that does not exist."""
    why = (
        f"The voucher is missing. Checkpoint {number} recorded it as {leaf.state}, with"
        f" {leaf.seq} steps."
    )
    return Broken(str(leaf.public_id), leaf.seq, why)


def _seal_fault(event: Row, covered: int, baseline: Baseline) -> str | None:
    key_id = event["seal_key_id"]
    if key_id is not None and seals.can_check(key_id):
        is_right = seals.is_genuine(
            event["hash"], event["seal_checkpoint"], key_id, event["seal_mac"]
        )
        return None if is_right else FORGED
    # A checkpoint proves the steps that it covers.
    if baseline.accepts_unsealed or event["seq"] <= covered:
        return None
    if key_id is None:
        return UNSEALED
    if key_id not in baseline.key_ids:
        return FORGED
    baseline.notes.add(
        f"Seals made with the key {key_id} cannot be checked: it is not in EASYMO_KEYS."
    )
    return None


def _differences(
    voucher: Row, events: Sequence[Row], leaf: Leaf, number: int
) -> Iterator[str]:
    recorded = [event for event in events if event["seq"] == leaf.seq]
    if not recorded:
        yield (
            f"Steps are missing. Checkpoint {number} recorded {leaf.seq} steps and the"
            f" status {leaf.state}."
        )
    elif bytes(recorded[0]["hash"]) != leaf.head:
        yield f"The step is not the one that checkpoint {number} recorded."
    if leaves.digest(voucher, leaves.FIXED) != leaf.facts:
        yield f"Amount, reference or origin differ from checkpoint {number}."
    elif (
        voucher["seq"] == leaf.seq and leaves.digest(voucher, leaves.WHOLE) != leaf.row
    ):
        yield f"The row differs from checkpoint {number}."
