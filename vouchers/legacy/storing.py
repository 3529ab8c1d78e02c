"""Write what the import takes. A dry run writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from easymo import keys
from easymo.observability import correlation
from vouchers import seals
from vouchers.codes import new_code
from vouchers.legacy.known import Known
from vouchers.models import LegacyRecord, Profile, Station
from vouchers.services import envelopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vouchers.legacy.people import Person
    from vouchers.legacy.vouchers import Read

# Redemptions at no known station have this one. It is closed.
UNKNOWN_STATION = ("LEGACY-UNKNOWN", "Earlier system, station unknown")
IMPORT = "SELECT * FROM voucher_import(%s::jsonb, %s)"
NOTE = "Imported from the earlier system."


@dataclass(slots=True)
class Storing:
    """Store people at once, and the vouchers of a batch together."""

    # Codes of stations by their ids in the earlier system.
    station_codes: dict[str, str]
    is_dry: bool
    _stations: dict[str, int | None] = field(default_factory=dict)
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _records: list[LegacyRecord] = field(default_factory=list)

    def begin_batch(self) -> None:
        """Forget what a batch that was rolled back left here."""
        self._rows, self._records = [], []

    def add_people(self, new: Mapping[str, Person]) -> dict[str, Known]:
        """Store customers by their numbers. No role is taken from the earlier system."""
        stored = Profile.objects.bulk_create(
            Profile(msisdn=number, name=person.name, language=person.language)
            for number, person in new.items()
        )
        return {str(profile.msisdn): Known(profile.pk) for profile in stored}

    def remember(self, ids: Iterable[str], known: Known, fingerprint: bytes) -> None:
        """Record with the batch that a profile was taken."""
        now = timezone.now()
        self._records += [
            LegacyRecord(
                kind=LegacyRecord.Kind.PROFILE,
                legacy_id=each,
                fingerprint=fingerprint,
                profile_id=known.pk,
                imported_at=now,
            )
            for each in ids
        ]

    def write_records(self) -> None:
        """Write which profiles were taken."""
        if not self.is_dry:
            LegacyRecord.objects.bulk_create(self._records)

    def station_of(self, voucher: Read) -> tuple[int | None, bool]:
        """Return the station that redeemed the voucher, and whether it is known."""
        if voucher.status != "redeemed":
            return None, True
        code = self.station_codes.get(voucher.station or "", "")
        if (found := self._station(code)) is not None:
            return found, True
        if self.is_dry:
            return None, False
        code, name = UNKNOWN_STATION
        unknown, _ = Station.objects.get_or_create(
            code=code, defaults={"name": name, "is_active": False}
        )
        return unknown.pk, False

    def add_voucher(
        self, voucher: Read, owner: Known, station: int | None, fingerprint: bytes
    ) -> str:
        """Add a voucher to the batch; return its reference, "" in a dry run."""
        if self.is_dry or voucher.money is None:
            return ""
        # Without a code of its own it gets one that no person knows: it cannot be
        # redeemed by a code until that is replaced.
        code = voucher.code or new_code()
        reference = envelopes.fresh_reference()
        self._rows.append(
            {
                "place": len(self._rows),
                "legacy_id": voucher.id,
                "fingerprint": fingerprint.hex(),
                "public_id": str(voucher.public_id),
                "reference": reference,
                "hmac": code.hmac.hex(),
                "key_id": keys.writing_key_id(),
                "last4": code.last4,
                "owner": owner.pk,
                "amount": voucher.money.minor,
                "currency": voucher.money.currency,
                "status": voucher.status,
                "issued_at": _text(voucher.issued_at),
                "expires_at": _text(voucher.expires_at),
                "ended_at": _text(voucher.ended_at),
                "station": station,
                "note": NOTE,
                "reason": NOTE,
            }
        )
        return reference

    def write_vouchers(self) -> None:
        """Write the batch in one statement, and seal its events."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        with connection.cursor() as cursor:
            cursor.execute(IMPORT, [json.dumps(rows), correlation.current()])
            seals.write([seals.WrittenEvent(*row) for row in cursor.fetchall()])

    def _station(self, code: str) -> int | None:
        if code not in self._stations:
            found = Station.objects.filter(code=code).values_list("pk", flat=True)
            self._stations[code] = found.first() if code else None
        return self._stations[code]


def _text(at: Any) -> str | None:
    return None if at is None else at.isoformat()
