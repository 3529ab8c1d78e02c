"""A file ``.env`` in the forms that people write. Pure.

What reads it after us drops a line it does not know, and prints it: secrets are in it.
It also takes a comment behind a value for a part of the value.
"""

from __future__ import annotations

import re

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z_0-9]*)\s*=(.*)")
_QUOTED = re.compile(r"""('.*?'|".*?")(?:\s+#.*)?""")
_COMMENT = re.compile(r"\s#.*")


class BadLine(ValueError):
    """A line that sets nothing; the text is its number."""


def tidied(text: str) -> str:
    """Return one ``NAME=value`` a line, without blanks around and comments behind."""
    lines = enumerate(text.removeprefix("\ufeff").splitlines(), 1)
    told = ((number, line.strip()) for number, line in lines)
    return "\n".join(
        _tidied(number, line) for number, line in told if line and line[0] != "#"
    )


def _tidied(number: int, line: str) -> str:
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadLine(number)
    name, value = found[1], found[2]
    if quoted := _QUOTED.fullmatch(value.strip()):
        return f"{name}={quoted[1]}"
    value = _COMMENT.sub("", value, count=1).strip()
    if value[:1] in {"'", '"'}:
        # Opened and not closed: the rest would be on lines of its own.
        raise BadLine(number)
    return f"{name}={value}"
