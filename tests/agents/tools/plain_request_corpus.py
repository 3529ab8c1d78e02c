"""Sentences that must and must not act without a confirm button."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = Path(__file__).parent
NUMBER = "+250788000001"
# Spellings of the number, and separators of a code, in turn.
_NUMBERS = (NUMBER, "0788000001", "0788 000 001", "0788-000-001", "+250 788 000 001")
_SEPARATORS = (" ", "", "-")


@dataclass(frozen=True)
class Sentence:
    place: int
    kind: str
    language: str
    text: str

    @property
    def operations(self) -> tuple[str, ...]:
        """The operation that a wrong call would make of it, by the values it has."""
        marks = {"{n}": "create_voucher", "{c}": "redeem_voucher"}
        if "{c}" in self.text and self.kind == "act":
            return ("redeem_voucher",)
        return tuple(tool for mark, tool in marks.items() if mark in self.text)

    def written(self, code: str) -> str:
        """Return the sentence with values, the code of 16 digits among them."""
        separator = _SEPARATORS[self.place % len(_SEPARATORS)]
        groups = separator.join(code[at : at + 4] for at in range(0, 16, 4))
        number = _NUMBERS[self.place % len(_NUMBERS)]
        filled = self.text.replace("{n}", number).replace("{c}", groups)
        return filled.replace("\\n", "\n")


def must_act() -> list[Sentence]:
    return [
        Sentence(place, "act", *fields)
        for place, fields in enumerate(_lines("must_act.txt"))
    ]


def must_not_act() -> list[Sentence]:
    return [
        Sentence(place, *fields)
        for place, fields in enumerate(_lines("must_not_act.txt"))
    ]


def _lines(name: str) -> Iterator[list[str]]:
    for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield [field.strip() for field in line.split(" | ")]
