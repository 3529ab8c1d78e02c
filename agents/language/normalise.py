"""Normalise text so that no trick hides words or digits from the checks."""

from __future__ import annotations

import re
import unicodedata

# Lower-case letters of other alphabets that look like Latin letters.
LOOKALIKES = str.maketrans(
    "авекмнорстухіјѕһԁԛԝαβεηικνορτυχıłøđɡɑɩոօѵ",
    "abekmhopctyxijshdqwabenikvoptuxilodgainov",
)
LEET = str.maketrans("0134578@$!", "oieasbbasi")
# Symbols that claim success.
TICKS = re.compile("[✅✔☑✓🗸🆗🎉🎊💯👍👌🙌🥳🟢]")
# A comma followed by a space separates two numbers; these marks do not.
MARKS_BETWEEN_DIGITS = re.compile(r"(?<=\d)(?:[ \-.·_/|*()\[\]~]{0,3}|[,:])(?=\d)")
HIDDEN = {"Cf", "Cc", "Cs", "Co", "Cn", "Mn", "Me"}


def visible(text: str) -> str:
    """Remove invisible characters, keep lines, write every digit in ASCII."""
    if _is_simple(text):
        return text
    kept = []
    for char in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(char)
        if char == "\n":
            kept.append(char)
        elif char == "。":
            kept.append(".")
        elif category == "Nd":
            kept.append(str(unicodedata.decimal(char)))
        elif category.startswith("Z"):
            kept.append(" " if category == "Zs" else "\n")
        elif category == "Pd" or char == "−":
            kept.append("-")
        elif char in "\t\r\v\f":
            kept.append(" ")
        elif category not in HIDDEN:
            kept.append(char)
    return "".join(kept)


def _is_simple(text: str) -> bool:
    """Tell whether the text has printable ASCII only: most texts are read so, quickly."""
    return text.isascii() and text.replace("\n", "").isprintable()


def plain(text: str) -> str:
    """Return lower-case Latin text: no accents, no look-alikes, straight quotes."""
    if _is_simple(text):
        return text.lower()
    ticked = TICKS.sub(" tickmark ", text)
    # Twice: lower-casing can create new marks ("İ" becomes "i" and a dot).
    lowered = visible(visible(ticked).casefold())
    apart = unicodedata.normalize("NFKD", lowered)
    bare = "".join(char for char in apart if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFKC", bare).translate(LOOKALIKES)


def joined_digits(text: str) -> str:
    """Remove the separators inside a number that is written in groups."""
    return MARKS_BETWEEN_DIGITS.sub("", text)


def readings(text: str) -> list[str]:
    """Return the clause as written, and in the readings of disguised words.

    Each reading is words separated by single spaces: punctuation as spaces; without
    punctuation inside words ("re-deemed"); single letters joined ("d o n e"); digits as
    letters ("d0ne"); repeated letters reduced ("doooone").
    """
    base = plain(text)
    spaced = _words(base)
    joined = _words(re.sub(r"(?<=[a-z0-9])[^a-z0-9\s'](?=[a-z0-9])", "", base))
    letters = re.sub(
        r"\b[a-z0-9](?: [a-z0-9]\b){2,}",
        lambda match: match[0].replace(" ", ""),
        spaced,
    )
    leet = _words(re.sub(r"\S*[a-z]\S*", lambda match: match[0].translate(LEET), base))
    drawn = re.sub(r"([a-z])\1{2,}", r"\1", spaced)
    return list(dict.fromkeys([spaced, joined, letters, leet, drawn]))


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text))
