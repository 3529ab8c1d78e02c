"""Tell whether a sentence says only what rows of this turn show.

Each word must be a word of the rows, a joining word, or a word for a state that a row
has. So "your voucher is valid" may repeat a list, and "I have just issued another" may
not. Where several vouchers were read, a sentence could join the state of one with the
amount of another: then only a clause of the rows, word for word, is supported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Literal

from agents.language.normalise import plain, visible
from agents.llm.claim_numbers import (
    AFTER,
    BEFORE,
    UNITS,
    digits_in,
    values_in,
    words_in,
)
from agents.llm.claim_words import Kind, claims_in
from agents.llm.reply_words import class_of

if TYPE_CHECKING:
    from collections.abc import Iterator

type Status = Literal[
    "pending_approval", "issued", "redeemed", "void", "expired", "declined"
]

# The claims that the state of a voucher supports.
BACKED_BY_STATUS: dict[Status, frozenset[Kind]] = {
    "issued": frozenset({"issued", "valid"}),
    "redeemed": frozenset({"redeemed"}),
    "void": frozenset({"void"}),
    "expired": frozenset({"expired"}),
    "pending_approval": frozenset({"pending"}),
    "declined": frozenset({"declined"}),
}
STATE_WORDS: dict[Kind, str] = {
    "issued": "issued created emis cree yatanzwe yakozwe imetolewa imetengenezwa",
    "valid": "valid active available usable unused ready use valable valide disponible "
    "actif utilisable agaciro ifite irakora iracyafite halali inatumika",
    "redeemed": "redeemed used utilise encaisse yakoreshejwe imetumika",
    "void": "void voided cancelled annule yahagaritswe yasheshwe imefutwa imebatilishwa",
    "expired": "expired expire perime yarangiye imeisha imekwisha muda",
    "pending": "pending waiting waits approval attente approbation itegereje kwemezwa "
    "inasubiri idhini",
    "declined": "declined rejected refuse rejete yanzwe imekataliwa",
    "done": "done tickmark fait byakozwe byarangiye imekamilika tayari success",
}
JOINING_WORDS = (
    "the a an this that it its is are was were has have been and of for from to on in at "
    "until with by be can your you one voucher vouchers amount status reference code "
    "number rwf frw francs s "
    "le la les un une ce cet cette il elle est sont a ete et de du des d l pour jusqu au "
    "aux en avec votre vos vous avez bon bons montant statut reference numero "
    "voca vocha vochas voucher yawe zawe ufite ni na ya y wa cya kuri kugeza ku "
    "amafaranga nimero imwe inyemezabuguzi "
    "yako zako una kwa hadi kiasi hali nambari namba moja tarehe "
    "january february march april may june july august september october november "
    "december janvier fevrier mars avril mai juin juillet aout septembre octobre "
    "novembre decembre mutarama gashyantare werurwe mata gicurasi kamena nyakanga kanama "
    "nzeri ukwakira ugushyingo ukuboza januari februari machi aprili mei juni julai "
    "agosti septemba oktoba novemba desemba"
)
JOINING = frozenset(JOINING_WORDS.split())
NUMBER_WORDS = UNITS.keys() | BEFORE.keys() | AFTER.keys()
CLAUSE = re.compile(r"[^.!?;:,\n()—]+[.!?]?")
GREETINGS = (
    r"hello|hi|hey|dear|good (?:morning|afternoon|evening|day)|thanks?|thank you|welcome"
    r"|sorry|goodbye|bye|okay|ok|bonjour|bonsoir|salut|cher|chère|merci|bienvenue|désolée?"
    r"|muraho|mwaramutse|mwiriwe|murakoze|urakoze|mbabarira|ihangane|habari|hujambo|jambo"
    r"|asante|karibu|samahani|pole|kwaheri"
)
TITLES = r"(?:mrs?|ms|miss|madam|sir|monsieur|madame|mme|bwana|bibi|ndugu)\.?"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts from rows that this turn read, and the messages of the person.

    What a turn changed is told by its receipt, never by the model.
    """

    # States of vouchers that a tool read in this turn.
    statuses: frozenset[Status] = frozenset()
    # In major units: of these vouchers, and of limits named in refusals.
    amounts: frozenset[Decimal] = frozenset()
    references: frozenset[str] = frozenset()
    # Texts rendered from rows (`display` of a tool); their numbers may be repeated.
    shown: tuple[str, ...] = ()
    # The messages of the person; may be repeated in a text without claims.
    own_text: str = ""
    # The person's name, as the model was given it.
    name: str = ""


def without_own_name(text: str, facts: Facts) -> str:
    """Remove the person's name where it addresses them: "Hello Eric!", "Eric, which ...".

    A name with words about vouchers or results stays.
    """
    words = [re.escape(word) for word in facts.name.split() if not _tells(word)]
    if not words:
        return text
    name = rf"(?:{TITLES}\s+)?(?:{'|'.join(words)})(?:\s+(?:{'|'.join(words)}))*"
    end = r"(?=\s*(?:[,.!?:;\n]|$))"
    after_greeting = rf"(?P<kept>\b(?:{GREETINGS}))[,!]?\s+{name}{end}"
    at_an_edge = rf"(?:^|(?<=[.!?\n])\s*){name}\s*,|,\s*{name}{end}"
    found = re.compile(rf"{after_greeting}|{at_an_edge}", re.IGNORECASE)
    return found.sub(lambda match: match["kept"] or " ", text)


def _tells(word: str) -> bool:
    return class_of(plain(word)) in {"VALUE", "STATE", "DO", "NOT"} or bool(
        claims_in(plain(word), is_question=False)
    )


def backed_by(facts: Facts) -> set[Kind]:
    """Return the kinds of claims that the facts support."""
    kinds = (BACKED_BY_STATUS[status] for status in facts.statuses)
    return set(chain.from_iterable(kinds))


def is_supported(sentence: str, facts: Facts) -> bool:
    """Tell whether rows show everything that the sentence says."""
    if not (facts.statuses or facts.shown):
        return False
    said = words_of(sentence)
    if is_repeated(sentence, facts):
        return True
    if len(facts.references) > 1 or len(facts.statuses) > 1:
        return False
    backed = backed_by(facts)
    # Many words have the form of something done; the words below are narrower.
    if claims_in(said, is_question=False) - backed - {"done"}:
        return False
    return _known_numbers(sentence, facts) and set(said.split()) <= _words(
        facts, backed
    )


def is_repeated(sentence: str, facts: Facts) -> bool:
    """Tell whether each clause of the sentence is a clause of the rows."""
    if not facts.shown:
        return False
    told = {words_of(clause) for row in facts.shown for clause in clauses(row)}
    return all(words_of(clause) in told for clause in clauses(sentence))


def clauses(text: str) -> Iterator[str]:
    for match in CLAUSE.finditer(plain(text)):
        if words_of(match[0]):
            yield match[0]


def words_of(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", plain(text)))


def _words(facts: Facts, backed: set[Kind]) -> frozenset[str]:
    states = {word for kind in backed for word in STATE_WORDS[kind].split()}
    others = {word for words in STATE_WORDS.values() for word in words.split()}
    rows = {word for row in facts.shown for word in words_of(row).split()}
    references = {word for one in facts.references for word in words_of(one).split()}
    digits = {word for word in rows if word.isdigit()} | references
    return JOINING | NUMBER_WORDS | digits | (rows - others) | states | _grouped(facts)


def _grouped(facts: Facts) -> set[str]:
    """Return the digit groups of the known amounts, as "10 000" is two words."""
    return {
        group
        for amount in facts.amounts
        for written in (f"{amount:,}", str(amount))
        for group in re.findall(r"\d+", written)
    }


def _known_numbers(sentence: str, facts: Facts) -> bool:
    known = set(facts.amounts) | {Decimal(max(len(facts.references), 1))}
    for row in facts.shown:
        known |= values_in(row)
    bare = visible(sentence)
    for one in facts.references:
        bare = bare.replace(one, " ")
    masked = re.sub(r"\+?\d{1,5}\*{2,}\d{2,4}", " ", bare)
    return digits_in(masked) | words_in(masked) <= known
