"""Find unsupported claims: statements of the model that no row of this turn shows.

A text is sent only when every finished action, state, amount and reference in it is
backed by `Facts`, which are read from rows. When this is uncertain, the text is not sent;
the receipt, the text of a tool or a fixed text replaces it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agents.language.normalise import joined_digits, plain, readings, visible
from agents.llm.claim_numbers import amounts_in, digit_words_in, values_in
from agents.llm.claim_words import AFFIRMED, Kind, claims_in
from vouchers.codes import find_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

type Operation = Literal["issued", "redeemed", "voided", "approved", "declined"]
type Status = Literal[
    "pending_approval", "issued", "redeemed", "void", "expired", "declined"
]
type Problem = Literal[
    "operation", "status", "amount", "code", "reference", "language", "length"
]

REFERENCE = re.compile(
    r"(?<![A-Z0-9])[A-Z][A-Z0-9][ -]{0,3}[A-Z0-9]{4}[ -]{0,3}[A-Z0-9]{2}(?![A-Z0-9])"
)
UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
PLACEHOLDER = re.compile(r"\{ *code", re.IGNORECASE)
# The marks between clauses: a comma ends the effect of a "not" before it.
CLAUSE = re.compile(r"[^.!?;:,\n()—]+[.!?]?")
SENTENCE = re.compile(r"[^!?;\n]+")
NUMBERED = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
LONGEST_SPOKEN = 5
# The limit of a WhatsApp message; longer texts are cut before the check.
LONGEST = 4_096
# A name may contain a few.
FOREIGN_LETTERS = 2
# The claims that the state of a voucher supports.
BACKED_BY_STATUS: dict[Status, frozenset[Kind]] = {
    "issued": frozenset({"issued", "valid", "done"}),
    "redeemed": frozenset({"redeemed", "done"}),
    "void": frozenset({"void", "done"}),
    "expired": frozenset({"expired"}),
    "pending_approval": frozenset({"pending"}),
    "declined": frozenset({"declined"}),
}
BACKED_BY_OPERATION: dict[Operation, frozenset[Kind]] = {
    "issued": frozenset({"issued", "valid", "done"}),
    "redeemed": frozenset({"redeemed", "done"}),
    "voided": frozenset({"void", "done"}),
    "approved": frozenset({"done"}),
    "declined": frozenset({"declined", "done"}),
}
STATES: frozenset[Kind] = frozenset({"valid", "expired", "pending"})


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts from rows of this turn, and the messages of the person."""

    # Operations committed in this turn.
    operations: frozenset[Operation] = frozenset()
    # States of vouchers that a tool read in this turn.
    statuses: frozenset[Status] = frozenset()
    # In major units: of these vouchers, and of limits named in refusals.
    amounts: frozenset[Decimal] = frozenset()
    references: frozenset[str] = frozenset()
    # Texts rendered from rows (`display` of a tool); their numbers may be repeated.
    shown: tuple[str, ...] = ()
    # The messages of the person; may be repeated in a text without claims.
    own_text: str = ""


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    problems: frozenset[Problem] = field(default_factory=frozenset)

    @property
    def is_backed(self) -> bool:
        return not self.problems


def check_claims(text: str, facts: Facts) -> ClaimCheck:
    """Return the problems of the text; empty when every claim is supported."""
    if len(text) > LONGEST:
        return ClaimCheck(frozenset({"length"}))
    claimed = claimed_in(text, shown=facts.shown)
    problems: set[Problem] = set()
    unbacked = claimed - _backed(facts)
    if unbacked - STATES:
        problems.add("operation")
    if unbacked & STATES:
        problems.add("status")
    if _foreign_amounts(text, facts, is_claiming=bool(claimed)):
        problems.add("amount")
    if _foreign_references(text, facts):
        problems.add("reference")
    if _is_unreadable(text):
        problems.add("language")
    if _tells_code(text, facts):
        problems.add("code")
    return ClaimCheck(frozenset(problems))


def claimed_in(text: str, *, shown: Sequence[str] = ()) -> set[Kind]:
    """Return every finished action and state that the text claims.

    A clause that repeats a clause of `shown` word for word is not a claim of the text.
    """
    found: set[Kind] = set()
    told = {_first_reading(match[0]) for row in shown for match in _clauses(row)}
    written = plain(text)
    may_ask = not AFFIRMED.search(written)
    for match in CLAUSE.finditer(written):
        if _first_reading(match[0]) in told:
            continue
        is_question = may_ask and match[0].rstrip().endswith("?")
        for reading in readings(match[0]):
            found |= claims_in(reading, is_question=is_question)
    # A mark inside a word splits it into two clauses. So whole sentences are read too,
    # except in the first reading, which has spaces instead of the marks.
    sentences = {match[0] for match in SENTENCE.finditer(written)}
    sentences -= {match[0] for row in shown for match in SENTENCE.finditer(plain(row))}
    for sentence in sentences:
        for reading in readings(sentence)[1:]:
            found |= claims_in(reading, is_question=False)
    return found


def _clauses(text: str) -> Iterator[re.Match[str]]:
    return CLAUSE.finditer(plain(text))


def _first_reading(clause: str) -> str:
    return readings(clause)[0]


def _is_unreadable(text: str) -> bool:
    """Tell whether the text is in an alphabet in which claims cannot be found."""
    foreign = [char for char in plain(text) if char.isalpha() and not char.isascii()]
    return len(foreign) > FOREIGN_LETTERS


def _backed(facts: Facts) -> set[Kind]:
    backed: set[Kind] = set()
    for operation in facts.operations:
        backed |= BACKED_BY_OPERATION[operation]
    for status in facts.statuses:
        backed |= BACKED_BY_STATUS[status]
    return backed


def _foreign_amounts(text: str, facts: Facts, *, is_claiming: bool) -> set[Decimal]:
    known = set(facts.amounts)
    for shown in facts.shown:
        known |= values_in(shown)
    if not is_claiming:
        known |= values_in(facts.own_text)
    return amounts_in(_without_known(NUMBERED.sub("", text), facts)) - known


def _without_known(text: str, facts: Facts) -> str:
    """Remove known references and masked numbers, whose digits are no amounts."""
    kept = visible(text)
    for shown in facts.shown:
        for masked in re.findall(r"\+?\d{1,5}\*{2,}\d{2,4}", visible(shown)):
            kept = kept.replace(masked, " ")
    for reference in sorted(facts.references, key=len, reverse=True):
        spelled = r"[ -]{0,3}".join(map(re.escape, re.sub(r"[ -]", "", reference)))
        kept = re.sub(spelled, " ", kept, flags=re.IGNORECASE)
    return kept


def _foreign_references(text: str, facts: Facts) -> bool:
    written = _without_known(text, facts).upper()
    if UUID.search(written.lower()):
        return True
    return any(_is_mixed(match[0]) for match in REFERENCE.finditer(written))


def _is_mixed(text: str) -> bool:
    return bool(re.search(r"\d", text) and re.search(r"[A-Z]", text))


def _tells_code(text: str, facts: Facts) -> bool:
    """Tell whether the text contains a code; codes are filled in when it is sent."""
    if PLACEHOLDER.search(visible(text)):
        return True
    if find_codes(_without_known(text, facts)):
        return True
    if digit_words_in(text) > LONGEST_SPOKEN:
        return True
    known = " ".join(joined_digits(visible(shown)) for shown in facts.shown)
    runs = re.findall(r"\d{12,}", joined_digits(_without_known(text, facts)))
    return any(run not in known for run in runs)
