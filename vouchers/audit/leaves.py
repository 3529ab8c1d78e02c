"""What a checkpoint keeps of one voucher, and of a page of vouchers. Pure functions."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from easymo import keys
from vouchers import trail
from vouchers.audit import merkle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vouchers.trail import Row

PAGE = 64
LEAF_PURPOSE, PAGE_PURPOSE = "voucher-checkpoint-leaf", "voucher-checkpoint-page"
# Columns of a voucher that never change.
FIXED = (
    *("id", "public_id", "reference", "amount_minor", "currency"),
    *("created_by_kind", "created_by_id", "created_by_profile_id"),
    *("created_by_user_id", "created_at"),
)
# All columns that have a meaning. A new column is not added here: rows of earlier
# checkpoints would differ.
WHOLE = (
    *FIXED,
    *("code_hmac", "code_key_id", "code_last4", "owner_id", "status", "seq"),
    *("station_id", "issued_at", "expires_at", "redeemed_at", "voided_at"),
)
# "open" is issued and not yet spent; "declined" was requested and never issued.
STATES = ("pending_approval", "open", "redeemed", "void", "expired", "declined")
ISSUED = ("open", "redeemed", "void", "expired")
_FORM = struct.Struct(">q16siB3sqq32s32s32s")
_MAC = 16
SIZE = _FORM.size + _MAC


@dataclass(frozen=True, slots=True)
class Leaf:
    """One voucher at the time of a checkpoint."""

    voucher_id: int
    public_id: UUID
    seq: int
    state: str
    currency: str
    amount_minor: int
    # The amount in the event that issued it; 0 when it never was.
    issued_minor: int
    # The hash of its last event, of its fixed columns, and of its whole row.
    head: bytes
    facts: bytes
    row: bytes

    @property
    def content(self) -> list[object]:
        """Return what the leaf's hash covers."""
        numbers = [self.seq, self.state, self.currency, self.amount_minor]
        hashes = [each.hex() for each in (self.head, self.facts, self.row)]
        name = ["easymo.leaf.1", str(self.public_id)]
        return [*name, *numbers, self.issued_minor, *hashes]

    @property
    def hash(self) -> bytes:
        text = json.dumps(self.content, separators=(",", ":"))
        return hashlib.sha256(b"\x00" + text.encode()).digest()


def leaf_of(voucher: Row, events: Sequence[Row]) -> Leaf:
    """Return the leaf of a voucher with these events."""
    issued = [event["amount_minor"] for event in events if event["kind"] == "issued"]
    status = voucher["status"]
    if status == "issued":
        status = "open"
    elif status == "void" and not issued:
        status = "declined"
    return Leaf(
        voucher_id=voucher["id"],
        public_id=voucher["public_id"],
        seq=voucher["seq"],
        state=status,
        currency=voucher["currency"],
        amount_minor=voucher["amount_minor"],
        issued_minor=issued[0] if issued else 0,
        head=bytes(events[-1]["hash"]),
        facts=digest(voucher, FIXED),
        row=digest(voucher, WHOLE),
    )


def digest(voucher: Row, columns: Sequence[str]) -> bytes:
    """Return the hash of some columns of a voucher's row."""
    return hashlib.sha256(json.dumps(texts(voucher, columns)).encode()).digest()


def texts(voucher: Row, columns: Sequence[str]) -> list[str | None]:
    return [trail.text_of(voucher[name]) for name in columns]


def pack(leaves: Iterable[Leaf], key_id: str) -> bytes:
    """Return the stored form of a page's leaves, each with its MAC."""
    packed = bytearray()
    for leaf in leaves:
        body = _FORM.pack(
            leaf.voucher_id,
            leaf.public_id.bytes,
            leaf.seq,
            STATES.index(leaf.state),
            leaf.currency.encode(),
            leaf.amount_minor,
            leaf.issued_minor,
            leaf.head,
            leaf.facts,
            leaf.row,
        )
        packed += body + _leaf_mac(body, key_id)
    return bytes(packed)


def unpack(packed: bytes, key_id: str | None) -> tuple[list[Leaf], list[Leaf]]:
    """Return all leaves, and those with a wrong MAC (none without the key)."""
    found, wrong = [], []
    for at in range(0, len(packed) - SIZE + 1, SIZE):
        body = packed[at : at + _FORM.size]
        number, public_id, seq, state, currency, *rest = _FORM.unpack(body)
        name = STATES[state] if state < len(STATES) else "unknown"
        spelled = currency.decode("ascii", "replace")
        leaf = Leaf(number, UUID(bytes=public_id), seq, name, spelled, *rest)
        found.append(leaf)
        given = packed[at + _FORM.size : at + SIZE]
        if key_id and not hmac.compare_digest(given, _leaf_mac(body, key_id)):
            wrong.append(leaf)
    return found, wrong


def page_root(leaves: Iterable[Leaf]) -> bytes:
    return merkle.root([leaf.hash for leaf in leaves])


def page_mac(
    number: int, checkpoint: int, root: bytes, totals: Mapping[str, int], key_id: str
) -> bytes:
    """Return the MAC of a page: it names the changed page when the root differs."""
    said = json.dumps([number, checkpoint, root.hex(), totals], sort_keys=True)
    return keys.digest(PAGE_PURPOSE, said.encode(), key_id=key_id)


def totals_of(leaves: Iterable[Leaf]) -> dict[str, int]:
    """Count and add up by currency and state, and what was issued by the events."""
    totals: Counter[str] = Counter()
    for leaf in leaves:
        totals[f"{leaf.currency} {leaf.state} count"] += 1
        totals[f"{leaf.currency} {leaf.state} amount"] += leaf.amount_minor
        totals[f"{leaf.currency} issued amount"] += leaf.issued_minor
    return dict(totals)


def is_conserved(totals: Mapping[str, int]) -> bool:
    """Tell whether issued = redeemed + void + expired + open, in each currency."""
    currencies = {name.split()[0] for name in totals}
    return all(
        totals.get(f"{each} issued amount", 0)
        == sum(totals.get(f"{each} {state} amount", 0) for state in ISSUED)
        for each in currencies
    )


def _leaf_mac(body: bytes, key_id: str) -> bytes:
    return keys.digest(LEAF_PURPOSE, bytes(body), key_id=key_id)[:_MAC]
