"""Find words that are written so that a check does not see them.

A model that answers a person has no reason for invisible characters, letters of other
alphabets inside words, single letters in a row, or digits as letters.
"""

from __future__ import annotations

import re
import unicodedata

from agents.language.normalise import plain, visible

# Marks of emoji: the joiner, the emoji style, the box around a digit.
EMOJI_MARKS = frozenset("\u200d\ufe0f\u20e3")
SINGLE_LETTERS = re.compile(r"(?<![^\W_])[^\W\d_](?:[\W_]{1,3}[^\W\d_](?![^\W_])){3,}")
# "1st", "5e", "10k", "RWF5000", "8h30" and references are ordinary.
LEET = re.compile(r"(?<![^\W_])(?=[a-z@$]*\d)(?=\d*[a-z@$]{2})[a-z0-9@$]+(?![^\W_])")
ORDINARY = re.compile(
    r"\d+(?:st|nd|rd|th|er|ere|eme|k|km|h|am|pm|min|sec|mn|rwf|frw|frs?|f|l|lt|ltr|kg|mb"
    r"|kb|kwa|ya|na|za)"
    r"|(?:rwf|frw|v|vn|no|n|sms|q|p|a|b|x|easymo)\d+|\d{1,2}h\d{0,2}"
)
# Checked by `unsupported_claims`.
REFERENCE = re.compile(
    r"\b(?=[a-z -]{0,9}\d)[a-z][a-z0-9][ -]{0,3}[a-z0-9]{4}[ -]{0,3}[a-z0-9]{2}\b"
)
LONGEST_WORD = 24
DRAWN = re.compile(r"([a-z])\1{2,}")
# A name may contain a few letters of another alphabet.
FOREIGN_LETTERS = 2


def is_disguised(text: str) -> bool:
    """Tell whether words of the text are hidden from the checks."""
    if any(map(_is_hidden, unicodedata.normalize("NFC", text))):
        return True
    linked = re.sub(r"(?:https?:)?//\S+|www\S+", " ", plain(text))
    bare = REFERENCE.sub(" ", linked)
    words = re.findall(r"[a-z]+", bare)
    if any(len(word) > LONGEST_WORD or DRAWN.search(word) for word in words):
        return True
    if SINGLE_LETTERS.search(bare):
        return True
    return any(not ORDINARY.fullmatch(one[0]) for one in LEET.finditer(bare))


def is_foreign(text: str) -> bool:
    """Tell whether the text is in an alphabet in which claims cannot be found."""
    foreign = [char for char in plain(text) if char.isalpha() and not char.isascii()]
    return len(foreign) > FOREIGN_LETTERS


def _is_hidden(char: str) -> bool:
    if char.isascii() or char in EMOJI_MARKS:
        return False
    category = unicodedata.category(char)
    if category in {"Cf", "Cc", "Co", "Cn", "Cs", "Mn", "Me"}:
        return True
    if not category.startswith("L"):
        return False
    # Full-width, mathematical and circled letters, and look-alikes of Latin letters.
    is_styled = visible(char) != char and not char.isdigit()
    name = unicodedata.name(char, "")
    return is_styled or (not name.startswith("LATIN") and plain(char).isascii())
