"""The proof of one voucher against the last signed checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from vouchers.audit import checkpoint_checks, leaves, merkle, signing, verify
from vouchers.models import CheckpointPage

if TYPE_CHECKING:
    from datetime import datetime

    from vouchers.audit.leaves import Leaf
    from vouchers.models import Checkpoint, Voucher

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check of one voucher at one moment."""

    at: datetime
    steps: int
    # The steps that the last checkpoint covers, and its number; 0 without one.
    covered: int
    checkpoint: int
    faults: tuple[str, ...]


def check_now(*, voucher: Voucher) -> Checked:
    """Check trail, seals and record, and the record's proof in the last checkpoint."""
    faults = [
        f"Step {each.seq}: {each.why}" for each in verify.verify_one(voucher=voucher)
    ]
    last, leaf, steps = proof_of(voucher.pk)
    if last is not None:
        trusted = checkpoint_checks.trusted_keys(last)
        if signing.check(last.document, last.signatures, trusted) is not True:
            faults.append(
                f"The signature of checkpoint {last.number} cannot be checked."
            )
        root = json.loads(last.document)["root"]
        if leaf and merkle.follow(leaf.hash, steps).hex() != root:
            faults.append(f"Checkpoint {last.number} does not contain the record.")
    return Checked(
        at=timezone.now(),
        steps=voucher.seq,
        covered=leaf.seq if leaf else 0,
        checkpoint=last.number if last and leaf else 0,
        faults=tuple(faults),
    )


def proof_of(
    voucher_id: int,
) -> tuple[Checkpoint | None, Leaf | None, list[merkle.Step]]:
    """Read checkpoint and proof, again when the next one was written meanwhile."""
    for _ in range(ATTEMPTS):
        last = checkpoint_checks.newest()
        leaf, steps = place_of(voucher_id)
        if last is None or leaf is None:
            break
        if merkle.follow(leaf.hash, steps).hex() == json.loads(last.document)["root"]:
            break
    return last, leaf, steps


def place_of(voucher_id: int) -> tuple[Leaf | None, list[merkle.Step]]:
    """Return the voucher's record in the last checkpoint, and its proof."""
    number = voucher_id // leaves.PAGE
    page = CheckpointPage.objects.filter(pk=number).first()
    if page is None:
        return None, []
    found, _ = verify.open_page(page)
    place = next(
        (n for n, leaf in enumerate(found) if leaf.voucher_id == voucher_id), -1
    )
    if place < 0:
        return None, []
    pages = CheckpointPage.objects.order_by("number").values_list("number", "root")
    numbers, roots = zip(*pages, strict=True)
    steps = merkle.proof([leaf.hash for leaf in found], place)
    above = merkle.proof([bytes(each) for each in roots], numbers.index(number))
    return found[place], [*steps, *above]
