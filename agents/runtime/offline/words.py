"""The four lexicons put together for reading: people mix their languages."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from agents.runtime.offline.lexicon_en import ENGLISH
from agents.runtime.offline.lexicon_fr import FRENCH
from agents.runtime.offline.lexicon_rw import KINYARWANDA
from agents.runtime.offline.lexicon_sw import SWAHILI

if TYPE_CHECKING:
    from agents.runtime.offline.lexicon import Lexicon

LEXICONS: dict[str, Lexicon] = {
    lexicon.language: lexicon for lexicon in (ENGLISH, FRENCH, KINYARWANDA, SWAHILI)
}
NUMBER_WORDS: dict[str, int] = dict(ENGLISH.numbers)
MULTIPLIERS: dict[str, int] = dict(ENGLISH.multipliers)
UNREAD_NUMBERS: frozenset[str] = frozenset(
    word for lexicon in LEXICONS.values() for word in lexicon.unread_numbers
)


def fold(text: str) -> str:
    """Return lower case without accents: "Créez" and "creez" are one word."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))
