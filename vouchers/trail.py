"""Check the hash chain of a voucher's events. Pure functions, without a database.

The hash of an event covers the hash before it and all fields of the event. The trigger
in ``sql/schema/guards.sql`` computes the same hashes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

type Row = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COVERED = (
    "voucher_id",
    "seq",
    "kind",
    "old_status",
    "new_status",
    "amount_minor",
    "currency",
    "owner_id",
    "expires_at",
    "code_commit",
    "actor_kind",
    "actor_id",
    "channel",
    "station_id",
    "key",
    "fingerprint",
    "correlation_id",
    "reverses_id",
    "note_commit",
    "created_at",
)
# Columns that the voucher and its last event share.
_MIRRORED = ("amount_minor", "currency", "owner_id", "expires_at")


@dataclass(frozen=True, slots=True)
class Broken:
    """One fault in a trail."""

    voucher: str
    seq: int | None
    why: str


def genesis(public_id: UUID) -> bytes:
    """Return the hash before the first event."""
    return hashlib.sha256(f"easymo.voucher.1:{public_id}".encode()).digest()


def event_hash(previous: bytes, event: Row) -> bytes:
    """Return the correct hash of the event."""
    fields = [text_of(event[name]) for name in COVERED]
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + body.encode()).digest()


def check(voucher: Row, events: Sequence[Row]) -> Iterator[Broken]:
    """Yield every fault in the chain, and every difference between it and the row."""
    name = str(voucher["public_id"])
    if not events:
        yield Broken(name, None, "The voucher has no events.")
        return
    previous, status, commit = genesis(voucher["public_id"]), None, None
    expiry = events[0]["expires_at"]
    for place, event in enumerate(events, start=1):
        for why in _event_faults(event, place, previous, status):
            yield Broken(name, event["seq"], why)
        code_changed = _bytes(event["code_commit"]) != commit
        if (
            code_changed
            and place > 1
            and event["kind"] not in {"issued", "code_rotated"}
        ):
            yield Broken(
                name,
                event["seq"],
                "The code changed in an event that must not change it.",
            )
        if event["expires_at"] != expiry and event["kind"] not in {
            "issued",
            "extended",
        }:
            yield Broken(
                name,
                event["seq"],
                "The expiry changed in an event that must not change it.",
            )
        previous, status = bytes(event["hash"]), event["new_status"]
        expiry = event["expires_at"]
        commit = _bytes(event["code_commit"])
    for why in _row_faults(voucher, events[-1]):
        yield Broken(name, events[-1]["seq"], why)


def _event_faults(
    event: Row, place: int, previous: bytes, status: str | None
) -> Iterator[str]:
    if event["seq"] != place:
        yield f"Event {place} is missing, or the events are out of order."
    if event["old_status"] != status:
        yield "The old status is not the new status of the event before."
    if bytes(event["previous_hash"]) != previous:
        yield "The event does not contain the hash of the event before."
    if event_hash(bytes(event["previous_hash"]), event) != bytes(event["hash"]):
        yield "The event was changed after it was written."
    salt, text = event["note_salt"], event["note_text"]
    if text is not None:
        commit = hashlib.sha256(bytes(salt) + text.encode()).digest()
        if commit != _bytes(event["note_commit"]):
            yield "The note was changed after it was written."


def _row_faults(voucher: Row, last: Row) -> Iterator[str]:
    if voucher["seq"] != last["seq"]:
        yield f"The row is at step {voucher['seq']}, the trail at {last['seq']}."
    if voucher["status"] != last["new_status"]:
        yield f"The row is {voucher['status']}, the trail is {last['new_status']}."
    for field in _MIRRORED:
        if voucher[field] != last[field]:
            yield f"The row's {field} differs from the trail."
    hmac = _bytes(voucher["code_hmac"])
    if (hashlib.sha256(hmac).digest() if hmac else None) != _bytes(last["code_commit"]):
        yield "The row's code differs from the trail."
    if voucher["status"] == "redeemed" and (
        voucher["station_id"] != last["station_id"]
        or voucher["redeemed_at"] != last["created_at"]
    ):
        yield "The row's redemption differs from the trail."


def _bytes(value: bytes | memoryview | None) -> bytes | None:
    return None if value is None else bytes(value)


def text_of(value: Any) -> str | None:
    """Return a value as it is hashed."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return str((value - _EPOCH) // timedelta(microseconds=1))
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)
