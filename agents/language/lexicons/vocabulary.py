"""The four lexicons together, because people mix languages."""

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
# Words that are a polite question and a command: "mwakora".
POLITE_COMMANDS: dict[str, tuple[str, str]] = {
    word: (asked, lexicon.language)
    for lexicon in LEXICONS.values()
    for word, asked in lexicon.polite_commands
}
# All words for a voucher.
VOUCHER_WORDS: frozenset[str] = frozenset(
    word for lexicon in LEXICONS.values() for word in lexicon.voucher if " " not in word
)


def fold(text: str) -> str:
    """Return lower case without accents: "Créez" and "creez" are one word."""
    text = text.casefold()
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in parts if not unicodedata.combining(sign))
