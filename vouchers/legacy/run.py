"""Import people, then vouchers, one batch in one transaction after the other.

An interrupted run is continued by the next one: what a batch committed is known.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from vouchers.legacy import people, records
from vouchers.legacy import vouchers as readings
from vouchers.legacy.known import ERASED, SANDBOX, Known, Register
from vouchers.legacy.people import Person
from vouchers.legacy.report import Line, Totals, only_reasons, outcome_of
from vouchers.legacy.source import PROFILE_COLUMNS, VOUCHER_COLUMNS, SourceError
from vouchers.legacy.storing import Storing
from vouchers.models import LegacyRecord, Voucher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchers.legacy.source import Source, SourceRow

# One import at a time; the lock ends with each batch.
LOCK = 0x1E6AC7
Kind = LegacyRecord.Kind


@dataclass(slots=True)
class Import:
    """One run over the earlier database. A dry run reads only."""

    source: Source
    is_dry: bool
    totals: Totals = field(default_factory=Totals)
    register: Register = field(init=False)
    storing: Storing = field(init=False)
    _codes: set[bytes] = field(default_factory=set)
    _ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.register = Register(self.is_dry)
        self.storing = Storing(self.source.station_codes(), self.is_dry)

    def lines(self) -> Iterator[Line]:
        """Import everything and yield a line for each row."""
        tables = (
            ("profiles", PROFILE_COLUMNS, {"user_id", "id"}, self._take_people),
            ("vouchers", VOUCHER_COLUMNS, {"id"}, self._take_vouchers),
        )
        found = [self.source.table(name, columns) for name, columns, _, _ in tables]
        if not any(found):
            raise SourceError(
                f"The schema {self.source.schema} has no table profiles and no table"
                " vouchers that this user may see."
            )
        for table, (name, _, ids, take) in zip(found, tables, strict=True):
            if table is None:
                continue
            if not ids & set(table.columns):
                raise SourceError(f"The table {name} has no column of ids.")
            self._ids.clear()
            for batch in self.source.batches(
                table, order=("issued_at", "created_at", "id")
            ):
                for line in self._batch(batch, take):
                    self.totals.add(line)
                    yield line

    def _batch(
        self, rows: list[SourceRow], take: Callable[[list[SourceRow]], list[Line]]
    ) -> list[Line]:
        """Take a batch; when a rule of the database refuses it, row by row."""
        value = self.totals.value.copy()
        self._begin_batch()
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                if self.is_dry:
                    cursor.execute("SET TRANSACTION READ ONLY")
                else:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                return take(rows)
        except IntegrityError:
            self.totals.value = value
            if len(rows) > 1:
                return [line for row in rows for line in self._batch([row], take)]
            name = "vouchers" if take == self._take_vouchers else "profiles"
            shown = rows[0].get("id") or rows[0].get("user_id") or ""
            return [Line(name, shown, "refused", "", ("database_refused",))]

    def _begin_batch(self) -> None:
        """Forget the batch before: it is stored, or it was rolled back."""
        self.storing.begin_batch()
        if not self.is_dry:
            self._ids.clear()
            self._codes.clear()

    def _take_people(self, rows: list[SourceRow]) -> list[Line]:
        read = [people.read(row) for row in rows]
        ids = [each for person in read for each in person.ids]
        before = records.taken_before(Kind.PROFILE, ids)
        numbers = self.register.by_number(person.msisdn for person in read)
        new: dict[str, Person] = {}
        lines: list[Line | tuple[SourceRow, Person]] = []
        for row, person in zip(rows, read, strict=True):
            record = next((before[each] for each in person.ids if each in before), None)
            if record is not None:
                lines.append(records.line_of(record, row))
            else:
                if self._is_repeated(person.ids):
                    person.codes.append("id_repeated")
                _match_number(person, numbers, new)
                lines.append((row, person))
        numbers |= self._add_people(new)
        done = [
            line if isinstance(line, Line) else self._take_person(*line, numbers)
            for line in lines
        ]
        self.storing.write_records()
        return done

    def _take_person(
        self, row: SourceRow, person: Person, numbers: dict[str, Known]
    ) -> Line:
        shown = person.ids[0] if person.ids else ""
        codes, outcome = tuple(person.codes), outcome_of(person.codes)
        if outcome == "refused":
            return Line("profiles", shown, outcome, "", only_reasons(codes))
        known = numbers[person.msisdn]
        self.register.plan_ids(person.ids, known)
        self.storing.remember(person.ids, known, records.fingerprint(row))
        target = str(known.pk) if known.pk > 0 else ""
        return Line("profiles", shown, outcome, target, codes)

    def _add_people(self, new: dict[str, Person]) -> dict[str, Known]:
        if self.is_dry:
            return {number: self.register.plan(number) for number in new}
        return self.storing.add_people(new)

    def _take_vouchers(self, rows: list[SourceRow]) -> list[Line]:
        now = timezone.now()
        ids = [(row.get("id") or "").strip() for row in rows]
        before = records.taken_before(Kind.VOUCHER, ids)
        redeemed = self._redemptions(ids)
        read = [
            readings.read(row, redeemed[each], now=now)
            for row, each in zip(rows, ids, strict=True)
        ]
        owners = self.register.by_id(o for each in read for o in each.owner_ids)
        numbers = self.register.by_number(each.msisdn or "" for each in read)
        self._find_taken(read)
        new: dict[str, Person] = {}
        lines: list[Line | tuple[SourceRow, readings.Read]] = []
        for row, voucher in zip(rows, read, strict=True):
            if record := before.get(voucher.id):
                lines.append(records.line_of(record, row))
            else:
                if self._is_repeated([voucher.id]):
                    voucher.codes.append("id_repeated")
                _match_owner(voucher, owners, numbers, new)
                lines.append((row, voucher))
        numbers |= self._add_people(new)
        done = [
            line
            if isinstance(line, Line)
            else self._take_voucher(*line, _owner(line[1], owners, numbers))
            for line in lines
        ]
        self.storing.write_vouchers()
        return done

    def _take_voucher(
        self, row: SourceRow, voucher: readings.Read, owner: Known | None
    ) -> Line:
        outcome = outcome_of(voucher.codes)
        if owner is None or voucher.money is None or outcome == "refused":
            codes = only_reasons(voucher.codes)
            return Line("vouchers", voucher.id, "refused", "", codes)
        self._keep_code_once(voucher)
        station, is_known = self.storing.station_of(voucher)
        if not is_known:
            voucher.codes.append("station_unknown")
        reference = self.storing.add_voucher(
            voucher, owner, station, records.fingerprint(row)
        )
        self.totals.add_value(voucher.status, voucher.money)
        codes = tuple(voucher.codes)
        return Line("vouchers", voucher.id, outcome_of(codes), reference, codes)

    def _redemptions(self, ids: list[str]) -> dict[str, readings.Redeemed]:
        found = self.source.redemptions(ids)
        none = readings.Redeemed(None if found is None else 0)
        return {
            each: readings.Redeemed(*found[each]) if found and each in found else none
            for each in ids
        }

    def _is_repeated(self, ids: list[str]) -> bool:
        """Tell whether a row with one of these ids was read before: the first counts."""
        is_repeated = not self._ids.isdisjoint(ids)
        self._ids.update(each for each in ids if each)
        return is_repeated

    def _find_taken(self, read: list[readings.Read]) -> None:
        """Note which of the codes and ids a voucher here has already."""
        hmacs = {h for each in read if each.code for h in each.code.hmacs}
        if hmacs:
            rows = Voucher.objects.filter(code_hmac__in=hmacs)
            used_codes = rows.values_list("code_hmac", flat=True)
            self._codes |= {bytes(each) for each in used_codes if each is not None}
        ids = {each.public_id for each in read}
        rows = Voucher.objects.filter(public_id__in=ids)
        used = set(rows.values_list("public_id", flat=True))
        for each in read:
            if each.public_id in used:
                each.public_id = uuid.uuid4()

    def _keep_code_once(self, voucher: readings.Read) -> None:
        if voucher.code is None:
            return
        if not self._codes.isdisjoint(voucher.code.hmacs):
            voucher.code = None
            voucher.codes.append("code_repeated")
            return
        self._codes.update(voucher.code.hmacs)


def _match_number(
    person: Person, numbers: dict[str, Known], new: dict[str, Person]
) -> None:
    """Say whether a person with this number is known, or plan to add the person."""
    known = numbers.get(person.msisdn)
    if known is not None and known.state == SANDBOX:
        person.codes.append("number_of_sandbox")
    elif person.msisdn and (known is not None or person.msisdn in new):
        person.codes.append("known_number")
    elif outcome_of(person.codes) != "refused":
        new[person.msisdn] = person


def _match_owner(
    voucher: readings.Read,
    owners: dict[str, Known],
    numbers: dict[str, Known],
    new: dict[str, Person],
) -> None:
    """Find the owner by the id there, else by the number on the voucher."""
    if outcome_of(voucher.codes) == "refused":
        return
    number = voucher.msisdn
    known = _owner_by_id(voucher, owners)
    by_number = numbers.get(number) if number else None
    owner = known or by_number
    if owner is None and number is None:
        voucher.codes.append("owner_unknown")
    elif known is not None and by_number is not None and known.pk != by_number.pk:
        voucher.codes.append("owner_contradicts")
    elif owner is not None and owner.state:
        erased = owner.state == ERASED
        voucher.codes.append("owner_erased" if erased else "number_of_sandbox")
    elif known is not None and number and by_number is None:
        voucher.codes.append("other_number_left_out")
    elif owner is None and number:
        new.setdefault(number, Person([], number))
        voucher.codes.append("person_from_voucher")


def _owner_by_id(voucher: readings.Read, owners: dict[str, Known]) -> Known | None:
    return next((owners[each] for each in voucher.owner_ids if each in owners), None)


def _owner(
    voucher: readings.Read, owners: dict[str, Known], numbers: dict[str, Known]
) -> Known | None:
    return _owner_by_id(voucher, owners) or numbers.get(voucher.msisdn or "")
