"""Turn a text that is written for WhatsApp into one that is read aloud."""

from __future__ import annotations

import re

from agents.language.texts import render

# The code is not read out: it comes with the receipt on WhatsApp.
_CODE_LINE = re.compile(
    r"^.*\{(?:code|pin_link|sign_in_code):[^}]*\}.*$\n?", re.MULTILINE
)
_MASKED = re.compile(r"\+?\d{1,5}\*{2,}(\d{2,4})")
_MARKS = re.compile(r"(?<![\w*])[*_](?=\S)|(?<=\S)[*_](?![\w*])")
_PICTURES = re.compile(r"[\u2190-\u2bff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]+")
_ENDS = (".", "!", "?", ":", ",", ";")


def spoken(text: str, language: str) -> str:
    """Return the text without marks, pictures and codes; lines become sentences."""
    plain = _CODE_LINE.sub("", text)
    plain = _MASKED.sub(
        lambda found: render("phone.last_digits", language, digits=" ".join(found[1])),
        plain,
    )
    plain = _PICTURES.sub(" ", _MARKS.sub("", plain))
    lines = [" ".join(line.strip(" •…\t").split()) for line in plain.splitlines()]
    return " ".join(
        line if line.endswith(_ENDS) else f"{line}." for line in lines if line
    )


def question(text: str, language: str) -> str:
    """Return a question about a change; its last line is about the buttons."""
    asked, _, _ = text.rpartition("\n")
    return f"{spoken(asked, language)} {render('phone.press', language)}"
