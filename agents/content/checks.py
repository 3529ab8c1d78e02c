"""Check texts of operators before they are published.

They are not held to what rows of a turn show: an operator may write prices, telephone
numbers and links. But a fixed answer is the same for everyone, so it can never tell what
happened to a voucher of the person who reads it, and it never asks for a PIN or a code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from agents.content.errors import Fault
from agents.language.normalise import plain, visible
from agents.language.texts import TEXTS
from agents.llm.disguise import is_disguised
from agents.llm.secret_requests import asks_for_secret
from agents.llm.supported_claims import Facts, is_repeated
from agents.llm.unsupported_claims import SENTENCE, claimed_in
from easymo.sentences import translatable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agents.content.document import Content, Topic
    from agents.llm.claim_words import Kind

# General rules are written with these words too: "a voucher is valid for 90 days".
RULES: frozenset[Kind] = frozenset({"valid", "expired"})
# "You have a voucher" and "your voucher" are about the reader.
HAVE = ("you have", "you now have", "you got", "vous avez", "ufite", "una")
OWN = (*HAVE, "your", "votre", "vos", "ton", "yawe", "zawe", "yako", "zako")
LONGEST_QUOTE = 80


def faults_of(content: Content) -> list[Fault]:
    """Return why the content cannot be published; empty when it can."""
    return [fault for topic in content.topics for fault in _faults_of_topic(topic)]


def _faults_of_topic(topic: Topic) -> Iterator[Fault]:
    for language, text in topic.texts.items():
        part = f"topic.{topic.key}.{language}"
        if is_disguised(text):
            yield Fault(
                part,
                translatable("Letters of several alphabets are mixed in one word."),
            )
        known = Facts(shown=_built_in_answers(language))
        for match in SENTENCE.finditer(visible(text)):
            if why := _why_refused(match[0], known):
                yield Fault(
                    part,
                    translatable(
                        "“{quote}” {why}",
                        quote=match[0].strip()[:LONGEST_QUOTE],
                        why=why,
                    ),
                )


def _built_in_answers(language: str) -> tuple[str, ...]:
    """Return our own answers: their sentences may be kept as they are."""
    found = [text for key, text in TEXTS[language].items() if key.startswith("answer.")]
    days = str(settings.VOUCHER_VALID_DAYS)
    return (*found, *(text.replace("{days}", days) for text in found))


def _why_refused(sentence: str, known: Facts) -> str:
    if is_repeated(sentence, known):
        return ""
    if asks_for_secret(sentence):
        return translatable("asks for a PIN or a code. Customers must never send one.")
    if _claims(sentence, known):
        return translatable(
            "reads as if something had been done for the customer. Write a rule"
            " instead, such as “Staff create vouchers”."
        )
    return ""


def _claims(sentence: str, known: Facts) -> bool:
    """Tell whether the sentence says what happened to a voucher, or who has one."""
    kinds = claimed_in(sentence, facts=known)
    if kinds - RULES - {"redeemed"}:
        return True
    words = f" {' '.join(plain(sentence).split())} "
    named = {word for word in OWN if f" {word} " in words}
    is_about_reader = "redeemed" in kinds and bool(named)
    return is_about_reader or ("valid" in kinds and not named.isdisjoint(HAVE))
