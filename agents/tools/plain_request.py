"""Decide whether the person's own messages plainly request one operation. Pure.

The code reads the messages; the model has no part in it. A plain request begins with a
verb of the operation, after a greeting or "please". After the verb come only the values
and the few words that belong to them. Every word must be accounted for: one that is not
known makes the confirm button necessary. So does a question, a negation, a quotation, a
condition, the past, a report, and a request for another operation.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from agents.language.lexicons.plain_commands import PLAIN_COMMANDS
from agents.language.lexicons.vocabulary import fold
from agents.offline.slots import Slots, plain_signs, read_slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

type Words = tuple[str, ...]
type Operation = Literal["create", "redeem"]

_LONGEST = 400
# Stands for the station's name; a private character, which is no letter.
_STATION = "\ue000"
# Marks of read values, see Slots.marked.
_VALUE, _AMOUNT = ";", "#"
_WORD = re.compile(rf"[^\W\d_]+'?|[{_VALUE}{_AMOUNT}{_STATION}]")
# Never part of a plain request, not even beside a value: "5000?", "~5000~", "5000/=".
_NEVER = re.compile(rf"[{_VALUE}{_AMOUNT}{_STATION}?？؟~\"“”„«»‹›`<>|…=/\\]")
# Anything but words, marks of values, and simple punctuation; "🙏" is "please".
_STRANGE = re.compile(
    rf"[\d_]|[^\w\s{_VALUE}{_AMOUNT}{_STATION}.,!:*'🙏\U0001f3fb-\U0001f3ff-]"
    # "...", "!!", a hyphen that is not inside a word, an apostrophe that begins one.
    r"|[.!*]\s*[.!]|(?<![^\W\d_])[-']|-(?![^\W\d_])"
)
_BEFORE_COLON = re.compile(r"([^\W\d_]*)\s*:")


@dataclass(frozen=True)
class _Request:
    """A request in which every word is accounted for."""

    language: str
    slots: Slots
    # The words after the verb, with the marks of values.
    rest: Words
    has_station: bool


def asks_to_issue(texts: Sequence[str], *, amount: int, msisdn: str) -> bool:
    """Tell whether the texts plainly request one voucher of this amount for this number.

    Amount and number stand in plain digits, once.
    """
    request = _plain_request(texts, "create")
    if request is None:
        return False
    slots, rest = request.slots, request.rest
    return (
        slots.amount == amount
        and _is_in_plain_digits(amount, texts)
        and slots.number == msisdn
        and not (slots.amount_in_words or slots.number_in_words)
        and not (slots.codes or slots.references or slots.mistyped_code)
        and (rest.count(_AMOUNT), rest.count(_VALUE)) == (1, 1)
        and not _follows_of(rest, _VALUE)
    )


def asks_to_redeem(
    texts: Sequence[str],
    *,
    placeholder: int,
    owner: str,
    station: Sequence[str],
    must_name_station: bool,
) -> bool:
    """Tell whether the texts plainly request to redeem the voucher of this code.

    `station` are the names of the station, `owner` is the number of the voucher's owner:
    another station, number or amount in the texts makes the button necessary.
    """
    request = _plain_request(texts, "redeem", station=station)
    if request is None or (must_name_station and not request.has_station):
        return False
    slots = request.slots
    return (
        slots.voucher == f"[code {placeholder}]"
        and not (slots.amounts or slots.amount_unclear or slots.number_unclear)
        and set(slots.numbers) <= {owner}
        and request.rest.count(_VALUE) == 1 + len(slots.numbers)
    )


def _plain_request(
    texts: Sequence[str], operation: Operation, *, station: Sequence[str] = ()
) -> _Request | None:
    text = unicodedata.normalize("NFC", "\n".join(texts))
    if len(text) > _LONGEST or _NEVER.search(text):
        return None
    slots = read_slots(_with_station_marked(plain_signs(text), station))
    if _STRANGE.search(slots.marked) or not _has_plain_colons(slots.marked):
        return None
    words = tuple(_WORD.findall(slots.marked.casefold()))
    for language, verb, rest in _after_verb(words, operation):
        if _is_accounted_for(verb, rest, language, operation):
            return _Request(language, slots, rest, _STATION in rest)
    return None


def _is_in_plain_digits(amount: int, texts: Sequence[str]) -> bool:
    """Tell whether the amount is written as "5000", not as "5,000" or "5 000"."""
    currency = "(?:rwf|frw)?"
    pattern = rf"(?<![\w.,]){currency}{amount}{currency}(?![\w]|[.,]\d)"
    return re.search(pattern, "\n".join(texts), re.IGNORECASE) is not None


def _with_station_marked(text: str, names: Sequence[str]) -> str:
    """Replace the station's name, whatever its capitals and accents."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        folded = fold(text)
        if len(folded) != len(text):
            return text
        pattern = re.compile(rf"(?<!\w){re.escape(fold(name))}(?!\w)")
        for found in reversed(list(pattern.finditer(folded))):
            text = f"{text[: found.start()]} {_STATION} {text[found.end() :]}"
    return text


def _has_plain_colons(text: str) -> bool:
    """Tell whether colons come only after labels: "amount: 5000", not "issue: ..."."""
    before = (fold(found[1]) for found in _BEFORE_COLON.finditer(text))
    return all((word,) in _labels() | _vouchers() for word in before)


def _after_verb(
    words: Words, operation: Operation
) -> Iterable[tuple[str, Words, Words]]:
    """Return the verb and the words after it, for each language that has such a verb."""
    at = 0
    while (taken := _longest_at(words, at, _openers())) and at + taken < len(words):
        at += taken
    for language, commands in PLAIN_COMMANDS.items():
        for verb in _verbs(language, operation):
            if words[at : at + len(verb)] != verb:
                continue
            rest = words[at + len(verb) :]
            is_weak = " ".join(verb) in commands.make + commands.give
            if is_weak and not any((word,) in _vouchers() for word in map(fold, rest)):
                continue
            # "issue for", "issue with", "use of": a noun.
            after = () if verb != ("issue",) else _AFTER_NO_VERB
            if rest[:1] in _all("of") or rest[:1] in after:
                continue
            yield language, verb, rest


_AFTER_NO_VERB = {(word,) for word in ("for", "with", "number", "customer", _VALUE)}


def _is_accounted_for(
    verb: Words, rest: Words, language: str, operation: Operation
) -> bool:
    """Tell whether the words after the verb are of its language and one other."""
    may_have_customer = " ".join(verb) in PLAIN_COMMANDS[language].give
    return any(
        (parts := _parts(rest, (language, other), operation))
        and _fit_together(parts, may_have_customer=may_have_customer)
        for other in PLAIN_COMMANDS
    )


def _parts(
    words: Words, languages: tuple[str, str], operation: Operation
) -> tuple[str, ...]:
    """Return the part of each phrase and value in the request; () with another word.

    The longest phrase counts, and among equals the one of the first language.
    """
    parts: list[str] = []
    at = 0
    while at < len(words):
        if words[at] in {_VALUE, _AMOUNT, _STATION}:
            parts.append(words[at])
            at += 1
            continue
        found = [
            (size, field)
            for language in languages
            for field in _fields(operation)
            if (size := _longest_at(words, at, _phrases(language, field)))
        ]
        if not found:
            return ()
        size, field = max(found, key=lambda one: one[0])
        parts.append(field)
        at += size
    return tuple(parts)


def _fit_together(parts: tuple[str, ...], *, may_have_customer: bool) -> bool:
    """Tell whether the object is a voucher, and each label is beside its own value.

    "Create customer ... 5000" and "voucher number 5000" ask for something else.
    """
    behind = [part for part in parts if part != "articles"]
    if behind[:1] == ["customers"] and not may_have_customer:
        return False
    return not any(map(_never_together, (None, *parts), parts))


def _never_together(part: str | None, following: str) -> bool:
    return (part, following) in {
        ("articles", "customers"),
        ("articles", _VALUE),
        ("customers", _AMOUNT),
        ("amounts", _VALUE),
        ("for_", "voucher"),
        ("to", "voucher"),
        ("to", _AMOUNT),
    }


def _longest_at(words: Words, at: int, allowed: frozenset[Words]) -> int:
    """Return the length of the longest allowed phrase here, or 0."""
    folded = tuple(map(fold, words[at : at + _LONGEST_PHRASE]))
    sizes = range(len(folded), 0, -1)
    return next((size for size in sizes if folded[:size] in allowed), 0)


def _follows_of(rest: Words, mark: str) -> bool:
    """Tell whether the value belongs to something: "the voucher of 0788 ..."."""
    before = tuple(map(fold, rest[: rest.index(mark)]))
    while size := next(
        (n for n in range(_LONGEST_PHRASE, 0, -1) if before[-n:] in _labels()), 0
    ):
        before = before[:-size]
    return before[-1:] in _all("of")


@cache
def _fields(operation: Operation) -> tuple[str, ...]:
    """Return the fields of phrases in a request; a phrase has the first that fits."""
    own = ("code", "at", "here") if operation == "redeem" else ()
    common = ("voucher", "articles", "for_", "to", "beside", "amounts", "customers")
    return (*own, *common, "of", "courtesies")


@cache
def _phrases(language: str, field: str) -> frozenset[Words]:
    entries: tuple[str, ...] = getattr(PLAIN_COMMANDS[language], field)
    return frozenset(tuple(_WORD.findall(fold(entry))) for entry in entries)


@cache
def _all(field: str) -> frozenset[Words]:
    return frozenset().union(*(_phrases(one, field) for one in PLAIN_COMMANDS))


def _openers() -> frozenset[Words]:
    return _all("openers")


def _labels() -> frozenset[Words]:
    return _all("amounts") | _all("customers") | _all("code")


def _vouchers() -> frozenset[Words]:
    return _all("voucher")


@cache
def _verbs(language: str, operation: Operation) -> tuple[Words, ...]:
    commands = PLAIN_COMMANDS[language]
    entries = (
        commands.create + commands.make + commands.give
        if operation == "create"
        else commands.redeem
    )
    verbs = (tuple(_WORD.findall(entry)) for entry in entries)
    return tuple(sorted(verbs, key=len, reverse=True))


_LONGEST_PHRASE = max(
    len(phrase)
    for language in PLAIN_COMMANDS
    for field in vars(PLAIN_COMMANDS[language])
    for phrase in _phrases(language, field)
)
