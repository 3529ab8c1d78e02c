"""Show a person's name as a name: letters and spaces, of limited length.

Names come from WhatsApp profiles, where people can write anything: a link, an order to
an agent or a colleague, a false confirmation.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
_LONGEST_READ = 400
_SAME_AS_APOSTROPHE = str.maketrans(dict.fromkeys("’‘ʼʹ`´", "'"))
_SAME_AS_HYPHEN = str.maketrans(dict.fromkeys("‐‑–—−", "-"))
# Where a sentence ends or begins; not the dot of "J. Habimana" and "Dr. Uwase".
_SENTENCE_END = re.compile(r"[\n\r\u2028\u2029!?;|…]|(?<=\w{4})[.。](?=\s|$)|:(?=\s|$)")
# Signs inside a word that make it an address: "evil.rw", "me@evil", "wa.me/250".
_OF_ADDRESSES = re.compile(r"\w[^\w\s]*[.。/@:%=&\\][^\w\s]*\w|www", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+(?:[^\W\d_]+)?")
# Letters that are not visible.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
_MOST_MARKS = 2


def plain_name(text: str) -> str:
    """Return the name in letters and spaces, at most 40; "" when nothing is left.

    Apostrophes and hyphens stay inside a name. Addresses are left out, and what follows
    the end of a sentence.
    """
    text = unicodedata.normalize("NFKC", text[:_LONGEST_READ])
    text = text.translate(_SAME_AS_APOSTROPHE).translate(_SAME_AS_HYPHEN)
    visible = "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Co"})
    for part in _SENTENCE_END.split(visible):
        if words := [w for token in part.split() for w in _words_in(token)]:
            return _shortened(words)
    return ""


def quoted_name(text: str) -> str:
    """Return the plain name in quotes, for a sentence; "" when nothing is left."""
    name = plain_name(text)
    return f'"{name}"' if name else ""


def _words_in(token: str) -> list[str]:
    if _OF_ADDRESSES.search(token) and not _INITIALS.fullmatch(token):
        return []
    letters: list[str] = []
    marks = 0
    for sign in token:
        category = unicodedata.category(sign)
        is_mark = category.startswith("M") and bool(letters) and letters[-1] != " "
        marks = marks + 1 if is_mark else 0
        if (
            _is_letter(sign, category)
            or (is_mark and marks <= _MOST_MARKS)
            or sign in "'-"
        ):
            letters.append(sign)
        elif not is_mark:
            letters.append(" ")
    words = (re.sub(r"(['-])['-]+", r"\1", w) for w in "".join(letters).split())
    return [word for w in words if (word := w.strip("'-"))]


def _is_letter(sign: str, category: str) -> bool:
    return category in {"Lu", "Ll", "Lt", "Lo"} and sign not in _BLANK_LETTERS


def _shortened(words: list[str]) -> str:
    name = words[0][:LONGEST]
    for word in words[1:]:
        if len(name) + 1 + len(word) > LONGEST:
            break
        name = f"{name} {word}"
    return name
