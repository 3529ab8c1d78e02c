"""Mask and find personal data in any text. Pure: no settings, no state.

A text is read once from left to right. What only looks like a number (a UUID, a hash, a
timestamp) is matched first and kept; personal data is replaced.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from easymo.observability import digits as numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = "—"
_DIGITS_INSIDE = re.compile(rb"[0-9]{9,15}")
_QUOTE = r"[\"'\\]{0,3}"
_KEYS_OF_SECRETS = (
    r"(?:[\w.\-]{0,40}(?:token|secret|passw(?:or)?d|api[_\-]?key)"
    r"|authorization|appsecret_proof|sessionid|cookie)"
)

# Kept, and therefore matched before any personal digits.
_OCTET = r"(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])"
_HARMLESS = (
    r"(?P<uuid>(?<![0-9a-zA-Z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"(?![0-9a-zA-Z]))"
    r"|(?P<hash>(?<![0-9a-zA-Z])(?=[0-9]*[a-f])"
    r"(?:[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})"
    r"(?![0-9a-zA-Z]))"
    rf"|(?P<address>(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.]))"
    r"|(?P<moment>(?<!\d)(?:19|20)\d\d(?P<dash>[-/])[01]\d(?P=dash)[0-3]\d"
    r"(?:[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"(?![\d\-/]))"
)
_PERSONAL = (
    r"(?P<wamid>wamid\.[A-Za-z0-9+/=_%\-]+)"
    r"|(?P<email>[\w.+%\-]{1,64}(?:@|%40)[\w\-]+(?:\.[\w\-]+)+)"
    r"|(?P<userinfo>(?<=://)[^/\s@'\"]+@)"
    r"|(?P<bearer>\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=\-]{6,})"
    r"|(?P<key>\bsk-[\w\-]{6,}|\bEAA[A-Za-z0-9]{8,}|\bwhsec_[\w+/=\-]{6,}"
    r"|\beasymo_[\w\-]{40,}|\bxox[a-z]-[\w\-]{6,}|\beyJ[\w\-]{6,}(?:\.[\w\-]+){1,2}"
    r"|hooks\.slack\.com/[\w/]+)"
    rf"|(?P<named>\b(?P<what>{_KEYS_OF_SECRETS}){_QUOTE}\s*[:=]\s*{_QUOTE}"
    r"(?P<value>(?:(?:Bearer|Basic)\s+)?(?!\[)[^\s\"'&,;\\})\]]{4,}))"
    rf"|(?P<pin>\b(?i:pin)(?:_?code)?{_QUOTE}(?:\s*(?:[:=]|is)\s*|\s+){_QUOTE}\d{{4,8}}"
    r"(?!\d))"
    r"|(?P<row>Failing row contains \()[^\n]*"
    r"|(?P<detail>Key \([^)\n]*\)=\()[^\n]*?\)(?= (?:already|is|conflicts)|\.?$|\n)"
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_\-])(?:wamid\.)?[A-Za-z0-9+/_\-]{16,}={0,2}")
_TOKENS = re.compile(f"{_HARMLESS}|{_PERSONAL}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """The position of personal data in a text; holds no copy of it."""

    kind: str
    start: int
    end: int


def mask_msisdn(value: object) -> str:
    """Mask a number so that two people can still be told apart: ``+2507***456``."""
    text = unicodedata.normalize("NFKC", "" if value is None else str(value)).strip()
    if not text:
        return NOTHING
    if "***" in text:
        return text if len(re.findall(r"\d", text)) <= 7 else "***"
    found = "".join(str(int(digit)) for digit in re.findall(r"\d", text))
    if len(found) < 10:
        return "***" + (found[-2:] if len(found) >= 4 else "")
    if found.startswith("00"):
        found = found[2:]
    elif re.fullmatch(r"07\d{8}", found):
        found = "250" + found[1:]
    return f"+{found[:4]}***{found[-3:]}"


def scrub(text: str) -> str:
    """Return the text with personal data and secrets masked or removed."""
    pieces, end = [], 0
    for start, stop, _, replacement in _findings(text):
        pieces += [text[end:start], replacement]
        end = stop
    return "".join([*pieces, text[end:]]) if pieces else text


def find_personal(text: str) -> list[Finding]:
    """Return the positions of personal data and secrets in a text, in order."""
    return [Finding(kind, start, stop) for start, stop, kind, _ in _findings(text)]


def _findings(text: str) -> list[tuple[int, int, str, str]]:
    found: list[tuple[int, int, str, str]] = []
    end = 0
    for token in _tokens(text):
        start, stop, kind, _ = token
        if start < end:
            continue
        found += _numbers(text, end, start)
        if kind:
            found.append(token)
        end = stop
    return found + list(_numbers(text, end, len(text)))


def _tokens(text: str) -> list[tuple[int, int, str, str]]:
    """Return personal tokens, and tokens to keep (with an empty kind)."""
    tokens = [
        (match.start(), match.end(), "wamid", _fingerprint(match.group()))
        for match in _BASE64.finditer(text)
        if _holds_number(match.group())
    ]
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup or ""
        kind = "named" if match["named"] else kind
        if match["moment"] or kind in {"uuid", "hash", "address"}:
            tokens.append((match.start(), match.end(), "", ""))
        else:
            tokens.append((match.start(), match.end(), *_REPLACE[kind](match)))
    return sorted(tokens)


def _numbers(text: str, start: int, stop: int) -> Iterator[tuple[int, int, str, str]]:
    for run in numbers.RUN.finditer(text, start, stop):
        for number in numbers.personal_numbers(run):
            shown = "[code]" if number.kind == "code" else _mask_digits(number.digits)
            yield number.start, number.end, number.kind, shown


def _mask_digits(found: str) -> str:
    national = re.fullmatch(r"(?:(?:00)?250)?0?(7[2389]\d{7})", found)
    return mask_msisdn("+250" + national[1] if national else found)


def _fingerprint(wamid: str) -> str:
    """Return a fingerprint of a message id, so that log lines about it can be matched."""
    return f"wamid:{hashlib.sha256(wamid.encode()).hexdigest()[:12]}"


def _holds_number(token: str) -> bool:
    body = token.removeprefix("wamid.").rstrip("=").translate(_URL_SAFE)
    if body.isdigit():
        return False
    for shift in range(4):
        part = body[shift:]
        whole = part[: len(part) // 4 * 4]
        try:
            plain = base64.b64decode(whole)
        except (binascii.Error, ValueError):
            continue
        if _DIGITS_INSIDE.search(plain):
            return True
    return False


_URL_SAFE = str.maketrans("-_", "+/")
_REPLACE: dict[str, Callable[[re.Match[str]], tuple[str, str]]] = {
    "wamid": lambda match: ("wamid", _fingerprint(match.group())),
    "email": lambda _: ("e-mail", "[e-mail]"),
    "userinfo": lambda _: ("secret", "[secret]@"),
    "bearer": lambda match: ("secret", match.group().split()[0] + " [secret]"),
    "key": lambda _: ("secret", "[secret]"),
    "named": lambda match: (
        "secret",
        match.group()[: match.start("value") - match.start()] + "[secret]",
    ),
    "pin": lambda match: ("pin", re.sub(r"\d+$", "[pin]", match.group())),
    "row": lambda match: ("row", match["row"] + "[row])"),
    "detail": lambda match: ("row", match["detail"] + "[value])"),
}
