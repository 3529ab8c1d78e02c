"""Scrub structures: convert every value to JSON types, then mask by key and content."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import math
import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from easymo.observability.failures import describe
from easymo.observability.privacy import mask_msisdn, scrub
from easymo.observability.secrets import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

LONGEST_TEXT = 2_000
MOST_ITEMS = 100
DEEPEST = 8
# Limits per line, so that rendering stays cheap whatever a caller passes.
MOST_VALUES = 500
MOST_CHARACTERS = 100_000

# A value under such a key is always personal.
_NAMES = re.compile(
    r"names?|(?:full|first|last|profile|customer|display|contact|formatted)_name"
    r"|pushname|customer_label"
)
_TEXTS = re.compile(
    r"(?:message_|own_)?text|body|caption|transcript|contents?|prompt|instructions"
    r"|completion|arguments(?:_json)?|raw|payload|params|items|display|reply|answer"
    r"|filename|vcard"
)
_NUMBERS = re.compile(
    r"(?:customer_)?msisdn|(?:display_)?phone_number|phone|mobile|wa_id|from"
    r"|from_number|recipient(?:_id)?|caller|tel(?:ephone)?"
)
_PINS = re.compile(r"(?:.*_)?pin(?:_code)?|dtmf|keypad")
_SECRETS = re.compile(
    r".*(?:token|secret|passw(?:or)?d|api_?key|signature)|authorization|.*cookie"
    r"|sessionid|csrftoken|appsecret_proof|dsn|.*_dsn|x_agent_jwt|challenge"
)
_CODES = re.compile(r"voucher_code|full_code|codes")
# Keys that scrubbing leaves unchanged; every line has one.
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
# A text without digits contains no phone number.
_NAME = re.compile(r"[a-z_.]{1,60}")
_IDS = re.compile(
    r"(?:.*_)?(?:id|ids|pk|pid|ns|us|bytes|size|count|seq|thread|process)"
)


class Budget:
    """How much of one line's values may still be rendered."""

    def __init__(self) -> None:
        self.values = MOST_VALUES
        self.characters = MOST_CHARACTERS

    def takes(self, value: object) -> bool:
        """Count a value; tell whether it still fits."""
        self.values -= 1
        if isinstance(value, str):
            self.characters -= min(len(value), 4 * LONGEST_TEXT)
        return self.values >= 0 and self.characters >= 0


def plain(value: object, depth: int = 0, budget: Budget | None = None) -> Plain:
    """Convert any value to JSON types; name what cannot be shown, never raise."""
    budget = budget or Budget()
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if not budget.takes(value):
        return "[cut]"
    for kind, make in _SCALARS:
        if isinstance(value, kind):
            return make(value)
    if depth >= DEEPEST:
        return "[too deep]"
    try:
        return _plain_container(value, depth + 1, budget)
    except Exception:  # noqa: BLE001 - a log line must never break its caller
        return "[cannot be shown]"


def _plain_container(value: object, depth: int, budget: Budget) -> Plain:
    if isinstance(value, BaseException):
        return plain(describe(value), depth, budget)
    if isinstance(value, Mapping):
        pairs = list(islice(value.items(), MOST_ITEMS))
        return {_key(key): plain(item, depth, budget) for key, item in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth, budget) for item in islice(value, MOST_ITEMS)]
    # Never repr: the repr of a model or a request contains its data.
    return f"<{type(value).__module__}.{type(value).__qualname__}>"


def _key(key: object) -> str:
    return key if isinstance(key, str) else str(plain(key, DEEPEST))


def _plain_float(value: float) -> Plain:
    # JSON has no NaN and no infinity.
    return float(value) if math.isfinite(value) else repr(float(value))


_SCALARS: tuple[tuple[Any, Callable[[Any], Plain]], ...] = (
    # Use the base type's rendering: a subclass may return anything.
    (str, str.__str__),
    (int, int),
    (float, _plain_float),
    ((uuid.UUID, decimal.Decimal), str),
    ((dt.datetime, dt.date, dt.time), lambda value: value.isoformat()),
    ((bytes, bytearray), lambda value: f"[{len(value)} bytes]"),
)


def scrubbed(value: Plain, key: str = "") -> Plain:
    """Mask everything personal in a value under ``key``."""
    if value is None or isinstance(value, bool):
        return value
    if taken_out := _taken_out(_normal(key), value):
        return taken_out
    if isinstance(value, dict):
        return {
            scrub_text(name): scrubbed(item, name or key)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [scrubbed(item, key) for item in value]
    if isinstance(value, str):
        return scrub_text(value)
    return _scrubbed_number(value, key)


def scrub_text(text: str) -> str:
    """Scrub a text and shorten it; scrub before cutting."""
    if len(text) > 4 * LONGEST_TEXT:
        text = text[: 4 * LONGEST_TEXT]
    if _UUID.fullmatch(text):
        clean = mask_secrets(text)
    else:
        clean = mask_secrets(
            _scrub_name(text) if _NAME.fullmatch(text) else scrub(text)
        )
    return clean if len(clean) <= LONGEST_TEXT else clean[:LONGEST_TEXT] + "…"


@lru_cache(maxsize=4096)
def _scrub_name(text: str) -> str:
    """Scrub an event, logger or field name; there are few, on every line."""
    return scrub(text)


@lru_cache(maxsize=4096)
def _normal(key: str) -> str:
    return key.lower().replace("-", "_").rsplit(".", 1)[-1]


def _taken_out(key: str, value: Plain) -> str | None:
    if value in ("", 0):
        return None
    kind = _kind_of(key)
    if kind == "[numbers]" and isinstance(value, str | int):
        return mask_msisdn(value)
    return kind


@lru_cache(maxsize=4096)
def _kind_of(key: str) -> str | None:
    for kind, pattern in (
        ("[numbers]", _NUMBERS),
        ("[name]", _NAMES),
        ("[text]", _TEXTS),
        ("[code]", _CODES),
        ("[pin]", _PINS),
        ("[secret]", _SECRETS),
    ):
        if pattern.fullmatch(key):
            return kind
    return None


def _scrubbed_number(value: float, key: str) -> Plain:
    """Mask a number or code given as an int; keep ids, counts and times."""
    whole = int(value)
    least = 10**10 if _IDS.fullmatch(_normal(key)) else 10**8
    if abs(whole) < least:
        return value
    clean = scrub(str(whole))
    return value if clean == str(whole) else clean
