"""Check every line of a file before anything is issued."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from easymo.sentences import translatable
from vouchers import limits, msisdn
from vouchers.errors import InvalidReason
from vouchers.models import LimitCounter, Profile, VoucherEvent
from vouchers.money import InvalidAmount, Money, parse_amount_strict
from vouchers.services.profiles import clean_name
from vouchers.services.transition import clean_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchers.batches.reading import Row, Sheet

# Rows compared with the database in one query.
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class LineError:
    line: int
    field: str
    error: str


@dataclass(frozen=True, slots=True)
class Line:
    """One valid line; the amount is in minor units."""

    line: int
    msisdn: str
    minor: int
    name: str
    note: str


@dataclass(slots=True)
class Checked:
    """What a file asks for. With an error nothing is issued."""

    sha256: bytes
    currency: str
    lines: list[Line] = field(default_factory=list)
    # The numbers of lines whose voucher exists already.
    already: set[int] = field(default_factory=set)
    errors: list[LineError] = field(default_factory=list)
    count: int = 0

    @property
    def total_minor(self) -> int:
        return sum(line.minor for line in self.lines)

    @property
    def to_issue(self) -> list[Line]:
        return [line for line in self.lines if line.line not in self.already]

    @property
    def needs_approval(self) -> bool:
        """Tell whether a second person must approve the whole batch."""
        over_day = self.total_minor > limits.cap("issuer_daily", self.currency)
        return over_day or any(
            limits.needs_approval(Money(line.minor, self.currency))
            for line in self.lines
        )


def line_key(sha256: bytes, line: int) -> str:
    """Return the idempotency key of a line: the same file issues nothing twice."""
    return f"batch:{sha256.hex()}:{line}"


def check(sheet: Sheet) -> Checked:
    """Return the valid lines and the errors of the others."""
    made = Checked(sheet.sha256, settings.VOUCHER_CURRENCIES[0], count=len(sheet.rows))
    for row in sheet.rows:
        found = list(_errors(row, made.currency))
        made.errors += found
        if not found:
            made.lines.append(_line(row, made.currency))
    for start in range(0, len(made.lines), CHUNK):
        chunk = made.lines[start : start + CHUNK]
        made.already |= _already(made.sha256, chunk)
        made.errors += _inactive(chunk)
    made.errors += _over_daily_limit(made)
    made.errors.sort(key=lambda each: each.line)
    return made


def _errors(row: Row, currency: str) -> Iterator[LineError]:
    for name, check_cell in _CHECKS.items():
        try:
            check_cell(row.cells.get(name, ""), currency)
        except (msisdn.InvalidMsisdn, InvalidAmount) as error:
            yield LineError(row.line, name, error.args[0])
        except InvalidReason:
            yield LineError(
                row.line,
                name,
                translatable("A note has at most 500 characters, on one line."),
            )
    if "extra" in row.cells:
        yield LineError(
            row.line, "", translatable("The line has more cells than the first line.")
        )


def _check_amount(text: str, currency: str) -> None:
    amount = parse_amount_strict(text, currency=currency)
    if amount.minor > limits.cap("voucher", currency):
        raise InvalidAmount(limits.exceeded("voucher", currency).args[0])


_CHECKS: dict[str, Callable[[str, str], object]] = {
    "msisdn": lambda text, _: msisdn.parse(text),
    "amount": _check_amount,
    "note": lambda text, _: clean_reason(text) if text else None,
}


def _line(row: Row, currency: str) -> Line:
    return Line(
        row.line,
        msisdn.parse(row.cells["msisdn"]),
        parse_amount_strict(row.cells["amount"], currency=currency).minor,
        clean_name(row.cells.get("name", "")),
        row.cells.get("note", ""),
    )


def _already(sha256: bytes, lines: list[Line]) -> set[int]:
    keys = {line_key(sha256, line.line): line.line for line in lines}
    found = VoucherEvent.objects.filter(key__in=keys).values_list("key", flat=True)
    return {keys[key] for key in found}


def _inactive(lines: list[Line]) -> Iterator[LineError]:
    numbers = {line.msisdn for line in lines}
    inactive = set(
        Profile.objects.filter(msisdn__in=numbers, is_active=False).values_list(
            "msisdn", flat=True
        )
    )
    for line in lines:
        if line.msisdn in inactive:
            yield LineError(
                line.line, "msisdn", translatable("This customer is not active.")
            )


def _over_daily_limit(made: Checked) -> Iterator[LineError]:
    """Yield each line with which a customer would exceed the limit of today."""
    cap = limits.cap("customer_daily", made.currency)
    wanted: dict[str, int] = defaultdict(int)
    used = _used_today((line.msisdn for line in made.to_issue), made.currency)
    for line in made.to_issue:
        wanted[line.msisdn] += line.minor
        if used[line.msisdn] + wanted[line.msisdn] > cap:
            reached = limits.exceeded("customer_daily", made.currency)
            yield LineError(line.line, "amount", reached.args[0])


def _used_today(numbers: Iterable[str], currency: str) -> dict[str, int]:
    used: dict[str, int] = defaultdict(int)
    wanted = sorted(set(numbers))
    for start in range(0, len(wanted), CHUNK):
        people = dict(
            Profile.objects.filter(
                msisdn__in=wanted[start : start + CHUNK]
            ).values_list("pk", "msisdn")
        )
        subjects = {f"profile:{pk}": number for pk, number in people.items()}
        rows = LimitCounter.objects.filter(
            kind="customer",
            subject__in=subjects,
            currency=currency,
            day=timezone.localdate(),
        )
        for subject, minor in rows.values_list("subject", "used_minor"):
            used[subjects[subject] or ""] = minor
    return used
