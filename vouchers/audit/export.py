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
from vouchers.audit import checkpoint, leaves, rows, verify
from vouchers.audit.proof import place_of, proof_of
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from vouchers.models import Voucher
    from vouchers.trail import Row

type Export = dict[str, Any]
# Texts of an event that come from outside.
GIVEN_TEXTS = ("actor_id", "key")


def export(*, voucher: Voucher, is_brought_up_to_date: bool = False) -> Export:
    """Return the voucher's trail, its proof and the last checkpoint.

    ``is_brought_up_to_date`` writes a checkpoint first if the last one does not
    contain the voucher's last step. Raises ``CheckpointRefused``.
    """
    broken = verify.verify_one(voucher=voucher)
    leaf, _ = place_of(voucher.pk)
    is_current = leaf is not None and leaf.seq == voucher.seq
    if is_brought_up_to_date and not broken and not is_current:
        checkpoint.write()
    last, leaf, steps = proof_of(voucher.pk)
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
