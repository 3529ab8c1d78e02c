"""Find unsupported claims: statements of the model that no row of this turn shows.

Everything about vouchers, amounts, approvals and results is told by our own texts. A
sentence of the model is sent only if rows of this turn show what it says
(`supported_claims.py`), or if it tells no result: a greeting, a question, an instruction,
a general rule. Words that claim (`claim_words.py`) and a score over all words
(`reply_classifier.py`) decide that; a sentence in doubt is not sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agents.language.normalise import joined_digits, plain, readings, visible
from agents.llm.claim_numbers import amounts_in, digit_words_in, values_in
from agents.llm.claim_words import AFFIRMED, Kind, claims_in
from agents.llm.disguise import is_disguised, is_foreign
from agents.llm.reply_classifier import clauses_of, score
from agents.llm.reply_words import class_of
from agents.llm.secret_requests import asks_for_secret
from agents.llm.supported_claims import (
    Facts,
    backed_by,
    clauses,
    is_repeated,
    is_supported,
    without_own_name,
    words_of,
)
from vouchers.codes import find_codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

type Problem = Literal[
    "operation",
    "status",
    "amount",
    "code",
    "reference",
    "secret",
    "disguise",
    "language",
    "length",
]

CODE_REFERENCE = re.compile(
    r"(?<![A-Z0-9])[A-Z][A-Z0-9][ -]{0,3}[A-Z0-9]{4}[ -]{0,3}[A-Z0-9]{2}(?![A-Z0-9])"
)
UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
PLACEHOLDER = re.compile(r"\{ *(?:code|pin_link|sign_in_code)", re.IGNORECASE)
# A dot inside a number does not end a sentence.
SENTENCE = re.compile(r"(?:[^.!?;\n]|\.(?=\w))+[.!?]*")
COUNTRY_CODE = re.compile(r"\+\d{1,3}\b(?![\s.,-]*\d)")
NUMBERED = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
LONGEST_SPOKEN = 5
# The limit of a WhatsApp message; longer texts are cut before the check.
LONGEST = 4_096
# The most words of a question which of two amounts was meant.
LONGEST_CHOICE = 12
CHOICE = re.compile(r"\b(?:or|ou|cyangwa|au)\b")
OF_A_CHOICE = {"you", "vous", "tu", "meant", "said"}
TOLD = {"YOU", "STATE", "PAST", "RWPAST", "SWPAST"}
# What `plain` makes of a tick or a raised thumb.
TICK = "tickmark"
# A score above this, and a sentence is not sent. A claiming word counts besides.
DOUBT = 0.75
CLAIMING_WORD = 2.0
# A state that holds now ("is valid") is seldom a rule or an offer.
STATE_WORD = 2.5
# A clause has fewer words than its sentence, so its score says less.
OF_A_PART = 1.0
STATES: frozenset[Kind] = frozenset({"valid", "expired", "pending"})
# Only this, and the text confirms whatever the person asked.
AFFIRMATION = re.compile(
    r"(?:(?:yes|yep|yeah|indeed|absolutely|certainly|exactly|correct|definitely|sure"
    r"|of course|it is|it does|oui|exact|exactement|absolument|bien sur|tout a fait|yego"
    r"|nibyo|ni byo|ni ukuri|cyane rwose|ndiyo|ndio|kabisa|hakika|kweli)\W*)+"
)


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    problems: frozenset[Problem] = field(default_factory=frozenset)

    @property
    def is_backed(self) -> bool:
        return not self.problems


def check_claims(text: str, facts: Facts, *, doubt: float = DOUBT) -> ClaimCheck:
    """Return the problems of the text; empty when every claim is supported.

    A sentence whose score is above `doubt` counts as a claim.
    """
    if len(text) > LONGEST:
        return ClaimCheck(frozenset({"length"}))
    problems: set[Problem] = set(_claim_problems(text, facts, doubt))
    if _foreign_amounts(text, facts, is_claiming=bool(problems)):
        problems.add("amount")
    if _foreign_references(text, facts):
        problems.add("reference")
    if asks_for_secret(_without_rows(text, facts)):
        problems.add("secret")
    if is_disguised(text):
        problems.add("disguise")
    if is_foreign(text):
        problems.add("language")
    if _tells_code(text, facts):
        problems.add("code")
    return ClaimCheck(frozenset(problems))


def _claim_problems(text: str, facts: Facts, doubt: float) -> Iterator[Problem]:
    before = ""
    text = without_own_name(visible(text), facts)
    for match in SENTENCE.finditer(NUMBERED.sub("", text)):
        sentence = match[0]
        if not words_of(sentence):
            continue
        answers = before.rstrip().endswith("?") or not (before or text[match.end() :])
        is_answer = answers and AFFIRMATION.fullmatch(plain(sentence).strip())
        before = sentence
        if is_supported(sentence, facts):
            continue
        kinds = claimed_in(sentence, facts=facts)
        if TICK in words_of(sentence).split():
            yield "operation"
        if is_answer or doubt_of(sentence, kinds=kinds, facts=facts) > doubt:
            yield "status" if kinds and kinds <= STATES else "operation"


def doubt_of(sentence: str, *, kinds: set[Kind], facts: Facts) -> float:
    """Return the highest score of the sentence and of its clauses."""
    claimed = kinds - backed_by(facts)
    word = STATE_WORD if claimed & STATES else CLAIMING_WORD
    extra = word if claimed else 0.0
    parts = [part for part in clauses_of(sentence) if not is_repeated(part, facts)]
    scores = [score(sentence), *(score(part) - OF_A_PART for part in parts)]
    if is_disguised(sentence):
        scores += map(score, readings(sentence))
    return max(scores) + extra


def claimed_in(text: str, *, facts: Facts | None = None) -> set[Kind]:
    """Return every finished action and state that words of the text claim.

    A clause that repeats a clause of the rows word for word is not a claim of the text.
    """
    found: set[Kind] = set()
    written = plain(text)
    may_ask = not AFFIRMED.search(written)
    for clause in clauses(text):
        if facts and is_repeated(clause, facts):
            continue
        is_question = may_ask and clause.rstrip().endswith("?")
        for reading in readings(clause):
            found |= claims_in(reading, is_question=is_question)
    # A mark inside a word splits it into two clauses. So the whole text is read too,
    # except in the first reading, which has spaces instead of the marks.
    if not (facts and is_repeated(text, facts)):
        for reading in readings(text)[1:]:
            found |= claims_in(reading, is_question=False)
    return found


def _without_rows(text: str, facts: Facts) -> str:
    """Remove the sentences of the rows: our own texts may ask for a code."""
    kept = [
        match[0]
        for match in SENTENCE.finditer(visible(text))
        if not (facts.shown and is_repeated(match[0], facts))
    ]
    return "\n".join(kept)


def _foreign_amounts(text: str, facts: Facts, *, is_claiming: bool) -> set[Decimal]:
    known = set(facts.amounts)
    for shown in facts.shown:
        known |= values_in(shown)
    if not is_claiming:
        known |= values_in(facts.own_text)
        text = "".join(
            match[0] for match in SENTENCE.finditer(text) if not _is_choice(match[0])
        )
    return amounts_in(_without_known(NUMBERED.sub("", text), facts)) - known


def _is_choice(sentence: str) -> bool:
    """Tell whether a short question offers two amounts: "did you mean 1,000 or 10,000?"

    An amount of the person ("your 5,000") or with a past ("that was paid") is none to
    choose from.
    """
    words = words_of(sentence).split()
    if not sentence.rstrip().endswith("?") or len(words) > LONGEST_CHOICE:
        return False
    sides = CHOICE.split(plain(sentence))
    classes = {class_of(word) for word in words if word not in OF_A_CHOICE}
    return len(sides) == 2 and all(map(amounts_in, sides)) and not classes & TOLD


def _without_known(text: str, facts: Facts) -> str:
    """Remove known references, masked numbers and country codes: no amounts."""
    kept = COUNTRY_CODE.sub(" ", visible(text))
    for shown in facts.shown:
        for masked in re.findall(r"\+?\d{1,5}\*{2,}\d{2,4}", visible(shown)):
            kept = kept.replace(masked, " ")
    for reference in sorted(facts.references, key=len, reverse=True):
        spelled = r"[ -]{0,3}".join(map(re.escape, re.sub(r"[ -]", "", reference)))
        kept = re.sub(spelled, " ", kept, flags=re.IGNORECASE)
    return kept


def _foreign_references(text: str, facts: Facts) -> bool:
    written = _without_known(text, facts)
    if UUID.search(written.lower()):
        return True
    found = CODE_REFERENCE.finditer(written.upper())
    return any(_is_reference(written[match.start() : match.end()]) for match in found)


def _is_reference(text: str) -> bool:
    """Tell whether the text has letters and digits; "within 10" is a word and a number."""
    is_mixed = re.search(r"\d", text) and re.search(r"[A-Z]", text.upper())
    return bool(is_mixed) and not all(
        word.isdigit() or (word.isalpha() and word[1:].islower())
        for word in text.split()
    )


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
