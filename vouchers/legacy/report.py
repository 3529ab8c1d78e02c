"""What the import says of each row. It names rows by their ids, never a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from easymo.observability import privacy
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from collections.abc import Iterable

type Outcome = Literal["taken", "mended", "refused", "already", "changed"]
OUTCOMES: tuple[Outcome, ...] = ("taken", "mended", "refused", "already", "changed")

# What was mended.
MENDED = {
    "role_not_taken": "The role there is not taken: a person gives it here.",
    "known_number": "The number belongs to a person who is known already.",
    "other_number_left_out": "Another number in the row is left out.",
    "number_column_invalid": "One column holds no valid number; another one does.",
    "name_cleaned": "The name was shortened or cleaned.",
    "language_unknown": "The language is unknown here.",
    "code_replaced": "The code there is no code of 16 digits. Replace the code here.",
    "code_repeated": "Another voucher has this code. Replace the code here.",
    "status_spelled": "The status has another name here.",
    "currency_spelled": "The currency was spelled in another way.",
    "currency_assumed": "There is no currency there: it is RWF.",
    "amount_divided": "The amount was stored a hundred times too large.",
    "expiry_set": "There was no expiry: it is the usual one.",
    "expiry_end_of_day": "It is valid until the end of its last day in Kigali.",
    "expired_by_date": "Its time was over before the import.",
    "time_assumed": "The time of the last change is missing: another time is used.",
    "time_moved": "The last change lay before the issue: it has the time of the issue.",
    "station_unknown": "The station is not known here.",
    "redemption_missing": "It was redeemed, but no redemption was stored.",
    "redeemed_repeatedly": "It was redeemed more than once: the first one counts.",
    "person_from_voucher": "The owner is known by the number on the voucher only.",
}
# Why a row was refused.
REFUSED = {
    "id_missing": "The row has no usable id.",
    "id_repeated": "Another row has this id: the first one counts.",
    "number_missing": "There is no number.",
    "number_invalid": "The number is no valid telephone number.",
    "numbers_differ": "Two WhatsApp numbers differ: a person decides.",
    "number_of_sandbox": "The number belongs to a person of the simulator.",
    "amount_missing": "There is no amount.",
    "amount_inexact": "The amount is not written exactly.",
    "amount_not_positive": "The amount is not above zero.",
    "amount_unclear": "The amounts contradict each other.",
    "amount_indivisible": "The amount cannot be divided by a hundred.",
    "amount_above_limit": "The amount is above the limit of one voucher.",
    "amount_needs_approval": (
        "The amount needs the approval of a second person: issue it here."
    ),
    "currency_unknown": "Vouchers are not issued in this currency.",
    "status_unknown": "The status is unknown.",
    "status_contradicts": "Status, times and redemptions contradict each other.",
    "time_missing": "The time of issue is missing.",
    "time_unreadable": "A time cannot be read.",
    "time_in_future": "A time lies in the future.",
    "times_contradict": "The times contradict each other.",
    "owner_missing": "There is no owner and no number.",
    "owner_unknown": "The owner was not taken, and there is no valid number.",
    "owner_contradicts": "Owner and number name two different people.",
    "owner_erased": "The owner was erased here.",
    "database_refused": "A rule of the database refuses it.",
}
OTHER = {
    "changed_there": (
        "The row changed there after it was taken. Nothing was changed here: a person"
        " compares the two."
    )
}
SENTENCES = MENDED | REFUSED | OTHER


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the earlier system."""

    table: str
    id: str
    outcome: Outcome
    # The reference of the voucher or the number of the person here; "" when refused.
    target: str = ""
    codes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "table": self.table,
            "id": self.shown_id,
            "outcome": self.outcome,
            "target": self.target or None,
            "notes": [{"code": code, "text": SENTENCES[code]} for code in self.codes],
        }

    def as_text(self) -> str:
        said = " ".join(SENTENCES[code] for code in self.codes)
        return (
            f"{self.table:<9}{self.shown_id:<37} {self.outcome:<8} {self.target:<11}"
            f" {said}".rstrip()
        )

    @property
    def shown_id(self) -> str:
        """Return the id; masked where it is a number of a person."""
        return privacy.scrub(self.id)


def outcome_of(codes: Iterable[str]) -> Outcome:
    """Return what became of a row that was not taken before."""
    given = list(codes)
    if any(code in REFUSED for code in given):
        return "refused"
    return "mended" if given else "taken"


def only_reasons(codes: Iterable[str]) -> tuple[str, ...]:
    """Return why a row was refused, without what would have been mended."""
    return tuple(code for code in codes if code in REFUSED)


@dataclass(slots=True)
class Totals:
    """The number of rows by table and outcome, and the value of taken vouchers."""

    rows: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    value: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, line: Line) -> None:
        self.rows[line.table, line.outcome] += 1

    def add_value(self, status: str, money: Money) -> None:
        self.value[status, money.currency] += money.minor

    def as_json(self) -> dict[str, object]:
        return {
            "totals": {
                table: {outcome: self.rows[table, outcome] for outcome in OUTCOMES}
                for table in ("profiles", "vouchers")
            },
            "value": [
                {"status": status, "currency": currency, "amount_minor": minor}
                for (status, currency), minor in sorted(self.value.items())
            ],
        }

    def as_text(self) -> Iterable[str]:
        for table in ("profiles", "vouchers"):
            counts = ", ".join(f"{self.rows[table, each]} {each}" for each in OUTCOMES)
            yield f"{table}: {counts}."
        for (status, currency), minor in sorted(self.value.items()):
            yield f"{status}: {format_money(Money(minor, currency))}"
