"""Which rows were taken before, and what they said then."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

from easymo import keys
from vouchers.legacy.report import Line
from vouchers.models import LegacyRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchers.legacy.source import SourceRow

PURPOSE = "legacy-row"
# A row that is only touched says the same.
IGNORED = frozenset({"updated_at"})
TABLES = {LegacyRecord.Kind.PROFILE: "profiles", LegacyRecord.Kind.VOUCHER: "vouchers"}


def fingerprint(row: SourceRow) -> bytes:
    """Return the keyed digest of a row; the writing key makes it."""
    return keys.digest(PURPOSE, _said(row))


def taken_before(
    kind: LegacyRecord.Kind, ids: Iterable[str]
) -> dict[str, LegacyRecord]:
    """Return the records of rows that were taken, by the ids there."""
    rows = LegacyRecord.objects.filter(kind=kind, legacy_id__in=set(ids))
    return {row.legacy_id: row for row in rows.select_related("voucher")}


def line_of(record: LegacyRecord, row: SourceRow) -> Line:
    """Return the line of a row that was taken before."""
    kind = LegacyRecord.Kind(record.kind)
    target = (
        str(record.profile_id) if record.voucher is None else record.voucher.reference
    )
    known = [value for _, value in keys.digests(PURPOSE, _said(row))]
    stored = bytes(record.fingerprint)
    if any(hmac.compare_digest(stored, each) for each in known):
        return Line(TABLES[kind], record.legacy_id, "already", target)
    codes = ("changed_there",)
    return Line(TABLES[kind], record.legacy_id, "changed", target, codes)


def _said(row: SourceRow) -> bytes:
    said = {name: row[name] for name in sorted(row.keys() - IGNORED)}
    return json.dumps(said, ensure_ascii=False).encode()
