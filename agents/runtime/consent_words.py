"""The words that end our messages, and those that resume them. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

type Word = Literal["stop", "start"]
# Each with the language that it gives away, where it is the word of one only.
STOP = {
    "stop": "",
    "stop all": "en",
    "unsubscribe": "en",
    "opt out": "en",
    "arret": "fr",
    "arrêt": "fr",
    "arrêter": "fr",
    "arreter": "fr",
    "désabonner": "fr",
    "desabonner": "fr",
    "hagarika": "rw",
    "reka": "rw",
    "acha": "sw",
    "simamisha": "sw",
    "sitisha": "sw",
}
# They also mean "leave it": a question of ours that is open is meant first.
STOP_OR_NO = frozenset({"reka", "acha"})
START = {
    "start": "",
    "unstop": "en",
    "subscribe": "en",
    "commencer": "fr",
    "démarrer": "fr",
    "demarrer": "fr",
    "tangira": "rw",
    "anza": "sw",
}
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said, and in which language when the word tells."""

    word: Word
    language: str
    may_be_no: bool = False


def hear(text: str) -> Heard | None:
    """Return what a message says about our messages, if it says nothing else."""
    said = _bare(text)
    if said in STOP:
        return Heard("stop", STOP[said], said in STOP_OR_NO)
    return Heard("start", START[said]) if said in START else None


def _bare(text: str) -> str:
    """Return the words alone: no case, no marks around them, nothing invisible."""
    if len(text) > LONGEST:
        return ""
    kept = "".join(
        char
        for char in unicodedata.normalize("NFKC", text)
        if unicodedata.category(char) != "Cf"
    )
    words = " ".join(unicodedata.normalize("NFC", kept.casefold()).split())
    while words and not words[0].isalnum():
        words = words[1:]
    while words and not words[-1].isalnum():
        words = words[:-1]
    return words
