"""Export one voucher's trail with a proof that needs no database to be checked.

``scripts/check_export.py`` checks an export. It has no secret, no code and no whole
phone number: a text that holds personal data is left out, and its event is then
represented by its hash only.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils import timezone

from easymo.observability.privacy import mask_msisdn, scrub
from vouchers import trail
from vouchers.audit import baseline as checkpoints
from vouchers.audit import checkpoint, leaves, merkle, rows, verify
from vouchers.models import CheckpointPage
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from vouchers.audit.leaves import Leaf
    from vouchers.models import Checkpoint, Voucher
    from vouchers.trail import Row

type Export = dict[str, Any]
ATTEMPTS = 3
# Texts of an event that come from outside.
GIVEN_TEXTS = ("actor_id", "key")


def export(*, voucher: Voucher, is_brought_up_to_date: bool = False) -> Export:
    """Return the voucher's trail, its proof and the last checkpoint.

    ``is_brought_up_to_date`` writes a checkpoint first if the last one does not
    contain the voucher's last step. Raises ``CheckpointRefused``.
    """
    broken = verify.verify_one(voucher=voucher)
    leaf, _ = _place(voucher.pk)
    is_current = leaf is not None and leaf.seq == voucher.seq
    if is_brought_up_to_date and not broken and not is_current:
        checkpoint.write()
    last, leaf, steps = _proof(voucher.pk)
    ((row, events),) = rows.trails_of([voucher.pk])
    return {
        "kind": "easymo.export.1",
        "written_at": timezone.now().isoformat(),
        "voucher": _described(voucher, row),
        "faults": [f"Step {each.seq}: {each.why}" for each in broken],
        "events": [_event(event) for event in events],
        "leaf": leaf.content if leaf else None,
        "proof": [[side, each.hex()] for side, each in steps],
        "checkpoint": {"document": last.document, "signatures": last.signatures}
        if last and leaf
        else None,
    }


def as_html(found: Export) -> str:
    """Return the export as a page for people, which needs no other file."""
    document = (
        json.loads(found["checkpoint"]["document"]) if found["checkpoint"] else {}
    )
    leaf = found["leaf"]
    context = {
        "found": found,
        "voucher": found["voucher"],
        "document": document,
        "covered": leaf[2] if leaf else 0,
        "json": json.dumps(found, indent=1),
    }
    return render_to_string("vouchers/export.html", context)


def _proof(voucher_id: int) -> tuple[Checkpoint | None, Leaf | None, list[merkle.Step]]:
    """Read checkpoint and proof, again when the next one was written meanwhile."""
    for _ in range(ATTEMPTS):
        last = checkpoints.newest()
        leaf, steps = _place(voucher_id)
        if last is None or leaf is None:
            break
        if merkle.follow(leaf.hash, steps).hex() == json.loads(last.document)["root"]:
            break
    return last, leaf, steps


def _place(voucher_id: int) -> tuple[Leaf | None, list[merkle.Step]]:
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


def _described(voucher: Voucher, row: Row) -> Export:
    return {
        "public_id": str(voucher.public_id),
        "reference": voucher.reference,
        "status": voucher.status,
        "amount": format_money(Money(voucher.amount_minor, voucher.currency)),
        "owner": mask_msisdn(voucher.owner.msisdn),
        # The columns that never change: the record holds their hash.
        "fixed": {name: _shown(row[name]) for name in leaves.FIXED},
    }


def _event(event: Row) -> Export:
    fields = {name: _shown(event[name]) for name in trail.COVERED}
    is_withheld = any(
        fields[name] is not None and scrub(str(fields[name])) != fields[name]
        for name in GIVEN_TEXTS
    )
    return {
        "seq": event["seq"],
        "kind": event["kind"],
        "at": event["created_at"].isoformat(),
        "fields": None if is_withheld else fields,
        "previous_hash": bytes(event["previous_hash"]).hex(),
        "hash": bytes(event["hash"]).hex(),
    }


def _shown(value: Any) -> str | None:
    """Return a value as it is hashed, but times for people to read."""
    return value.isoformat() if isinstance(value, datetime) else trail.text_of(value)
