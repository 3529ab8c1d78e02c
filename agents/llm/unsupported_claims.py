"""Does a text of the model claim what no row of this turn shows?

The model's words are the last thing in a turn that code has not decided. They are sent
only when every finished act, state, amount and reference in them is backed by `Facts`,
which are read from rows. Where this cannot be told, the text is held back: the receipt,
a tool's own words, or a fixed text stands in for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agents.language.normalise import joined_digits, plain, readings, visible
from agents.llm.claim_numbers import amounts_in, digit_words_in, values_in
from agents.llm.claim_words import AFFIRMED, Kind, claims_in

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
# Only the marks between clauses: a comma ends the reach of a "not" before it.
CLAUSE = re.compile(r"[^.!?;:,\n()—]+[.!?]?")
SENTENCE = re.compile(r"[^!?;\n]+")
NUMBERED = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
LONGEST_SPOKEN = 5
# What fits into a message of WhatsApp; longer texts are cut before they are checked.
LONGEST = 4_096
# As many as a name may bring along.
FOREIGN_LETTERS = 2
# A state of a voucher, and the claims that reading it backs.
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
    """What rows of this turn show, and what the person said herself."""

    # Operations that were committed in this turn.
    operations: frozenset[Operation] = frozenset()
    # States of vouchers that a tool read in this turn.
    statuses: frozenset[Status] = frozenset()
    # In major units: of the vouchers above, and limits that a refusal named.
    amounts: frozenset[Decimal] = frozenset()
    references: frozenset[str] = frozenset()
    # Texts rendered from rows (a tool's `display`): their numbers may be repeated.
    shown: tuple[str, ...] = ()
    # The person's own messages: may be echoed while nothing is claimed to be done.
    own_text: str = ""


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    problems: frozenset[Problem] = field(default_factory=frozenset)

    @property
    def is_backed(self) -> bool:
        return not self.problems


def check_claims(text: str, facts: Facts) -> ClaimCheck:
    """Return what the text claims without a row behind it; nothing, if all is backed."""
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
    """Return every finished act and state that the text claims.

    What repeats a clause of `shown` word by word is the rows' claim, not the text's.
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
    # Marks put inside a word divide it into two clauses: read whole sentences besides,
    # in all but their first reading, which still has the marks as spaces.
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
    """In an alphabet that none of our languages uses, a claim would not be seen."""
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
    """Take out backed references and masked numbers, whose digits are no amounts."""
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
    """Codes reach people through placeholders filled at sending, never by the model."""
    if PLACEHOLDER.search(visible(text)):
        return True
    if digit_words_in(text) > LONGEST_SPOKEN:
        return True
    known = " ".join(joined_digits(visible(shown)) for shown in facts.shown)
    runs = re.findall(r"\d{12,}", joined_digits(_without_known(text, facts)))
    return any(run not in known for run in runs)
