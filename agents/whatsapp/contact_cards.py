"""Contact cards: data about somebody, and only once a proof of who is writing.

The answer to our own request for a number carries ``origin: contact_request`` and is
the sender's own. A card that she passes on proves nothing.
"""

from __future__ import annotations

import re
from typing import Any

from agents.whatsapp.sanitise import clean_line
from agents.whatsapp.senders import number_in

REQUESTED = "contact_request"
MOST_CARDS = 5
MOST_NUMBERS = 3
LONGEST_VCARD = 4_096
TEL = re.compile(
    r"^TEL[^:\r\n]{0,200}:([+0-9 ().-]{6,40})\s*$", re.MULTILINE | re.IGNORECASE
)
WAID = re.compile(r"waid=([0-9]{7,15})", re.IGNORECASE)


def read_cards(part: object) -> list[dict[str, Any]]:
    """Return the cards with their names and numbers, bounded."""
    return [
        {
            "name": _name(card),
            "numbers": _numbers(card),
            "origin": clean_line(card.get("origin"), 24),
        }
        for card in _cards(part)
    ]


def proven_number(part: object) -> str:
    """Return the sender's own number; "" unless exactly one card vouches for one."""
    cards = _cards(part)
    if len(cards) != 1 or cards[0].get("origin") != REQUESTED:
        return ""
    numbers = set(_numbers(cards[0]))
    return numbers.pop() if len(numbers) == 1 else ""


def _cards(part: object) -> list[dict[str, Any]]:
    if not isinstance(part, list):
        return []
    return [card for card in part[:MOST_CARDS] if isinstance(card, dict)]


def _name(card: dict[str, Any]) -> str:
    name = card.get("name")
    return clean_line(name.get("formatted_name"), 120) if isinstance(name, dict) else ""


def _numbers(card: dict[str, Any]) -> list[str]:
    """Return the numbers of a card in E.164; the channel's own spelling comes first."""
    phones = card.get("phones")
    found = [
        _number(phone.get("wa_id")) or _number(phone.get("phone"))
        for phone in (phones if isinstance(phones, list) else ())
        if isinstance(phone, dict)
    ]
    vcard = card.get("vcard")
    if isinstance(vcard, str):
        vcard = vcard[:LONGEST_VCARD]
        named = WAID.findall(vcard)
        found += [number_in(value) for value in named] or [
            _number(value) for value in TEL.findall(vcard)
        ]
    return list(dict.fromkeys(filter(None, found)))[:MOST_NUMBERS]


def _number(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return number_in(re.sub(r"[ ().-]", "", value[:40]))
