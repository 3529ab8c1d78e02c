"""The four lexicons put together for reading: people mix their languages."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from agents.language.lexicons.en import ENGLISH
from agents.language.lexicons.fr import FRENCH
from agents.language.lexicons.rw import KINYARWANDA
from agents.language.lexicons.sw import SWAHILI

if TYPE_CHECKING:
    from agents.language.lexicons.lexicon import Lexicon

LEXICONS: dict[str, Lexicon] = {
    lexicon.language: lexicon for lexicon in (ENGLISH, FRENCH, KINYARWANDA, SWAHILI)
}
# "mwakora": a polite question and a command in one word.
POLITE_COMMANDS: dict[str, tuple[str, str]] = {
    word: (asked, lexicon.language)
    for lexicon in LEXICONS.values()
    for word, asked in lexicon.polite_commands
}
# Everything that people call a voucher.
VOUCHER_WORDS: frozenset[str] = frozenset(
    word for lexicon in LEXICONS.values() for word in lexicon.voucher if " " not in word
)


def fold(text: str) -> str:
    """Return lower case without accents: "Créez" and "creez" are one word."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))
