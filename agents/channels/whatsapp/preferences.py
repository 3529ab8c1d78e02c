"""The field ``user_preferences``: what a person chose in her WhatsApp settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.channels.whatsapp.sanitise import clean_line, clean_token

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELD = "user_preferences"
NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
WANTS = {"stop": False, "resume": True}


@dataclass(frozen=True, slots=True)
class Preference:
    """Whether a person wants what nobody asked us for."""

    path: str
    phone_number_id: str
    number: str
    bsuid: str
    wants: bool
    timestamp: str


def read_preferences(
    value: dict[str, Any], path: str
) -> Iterator[Preference | tuple[str, str]]:
    """Yield each preference of a change; a path and a reason for one that is bad."""
    metadata = value.get("metadata")
    number_id = metadata.get("phone_number_id") if isinstance(metadata, dict) else ""
    items = value.get(FIELD)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        where = f"{path}/{FIELD}/{index}"
        word = clean_token(item.get("value")) if isinstance(item, dict) else ""
        number = NUMBER.fullmatch(clean_line(item.get("wa_id"), 20)) if word else None
        bsuid = clean_line(item.get("user_id"), 160) if word else ""
        if word not in WANTS or not (number or bsuid):
            yield where, "preference without a person or a word that we know"
            continue
        yield Preference(
            path=where,
            phone_number_id=clean_line(number_id, 64),
            number="+" + number[1] if number else "",
            bsuid=bsuid,
            wants=WANTS[word],
            timestamp=clean_line(item.get("timestamp"), 20),
        )
