"""The people of the tests. Nothing of theirs may be in a log, a trace or a figure.

Factories take numbers, names, codes and secrets from here; `tests/watch.py` looks for
them in everything that leaves a process during the whole suite.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Canary:
    """One person, with everything that must never be written out."""

    name: str
    msisdn: str
    email: str
    pin: str
    code: str
    bsuid: str

    @property
    def wamid(self) -> str:
        """A message id as WhatsApp makes it: it decodes to the number."""
        inner = b"\x1d\x02\x0c" + self.msisdn[1:].encode() + b"\x15\x02\x00\x12\x18\x14"
        inner += b"3A5F7C9D1B2E4F6A8C0D\x00"
        return "wamid." + base64.b64encode(inner).decode()


ALINE = Canary(
    name="Aline Uwamahoro",
    msisdn="+250788123456",
    email="aline.uwamahoro@example.rw",
    pin="739154",
    code="4821935067741208",
    bsuid="RW.20417793355801246",
)
BOSCO = Canary(
    name="Bosco Nshimiyimana",
    msisdn="+250788654321",
    email="bosco@example.rw",
    pin="862047",
    code="9035172846610374",
    bsuid="RW.20417793355801253",
)
CLAUDINE = Canary(
    name="Claudine Mukamana",
    msisdn="+250722314159",
    email="claudine@example.rw",
    pin="518603",
    code="6612840937512096",
    bsuid="RW.20417793355801261",
)
PEOPLE = (ALINE, BOSCO, CLAUDINE)
OPENAI_KEY = "sk-canary-Zm9yYmlkZGVuLWtleQ"
WHATSAPP_TOKEN = "EAAGcanaryZm9yYmlkZGVudG9rZW4"
APP_SECRET = "canary-app-secret-5d1f"
VERIFY_TOKEN = "canary-verify-token"
SECRETS = (OPENAI_KEY, WHATSAPP_TOKEN, APP_SECRET, VERIFY_TOKEN)
# A sentence from a chat.
WORDS = "the purple giraffe of Nyamirambo"

_ANY_NUMBER = re.compile(r"(?<![\d.])(?:\+?250|0)7[2389]\d{7}(?!\d)")
_ANY_WAMID = re.compile(r"wamid\.\w{8}")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)(?:[\s+().\-/]|%20|\\u[0-9a-f]{4})+(?=\d)")
_TIMESTAMP = re.compile(r'"timestamp": "[^"]*"')
# Drawn at random, they look like a number now and then.
_TRACED = re.compile(r'_id": ?"(?:0x)?(?:[0-9a-f]{16}|[0-9a-f]{32})"')
# The digits of a digest can look like a number.
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def leaks_in(text: str) -> list[str]:
    """Return what a text contains of a canary; independent of the product's masking."""
    text = _DIGEST.sub("", _TRACED.sub("", _UUID.sub("", _TIMESTAMP.sub("", text))))
    shown = unicodedata.normalize("NFKC", text)
    joined = _BETWEEN_DIGITS.sub("", shown)
    found = [f"a secret ({secret[:6]}…)" for secret in SECRETS if secret in text]
    found += ["a customer's words"] if WORDS in text else []
    found += ["a number"] if _ANY_NUMBER.search(shown) else []
    found += ["a message id"] if _ANY_WAMID.search(text) else []
    for person in PEOPLE:
        found += _of_person(person, shown, joined)
    return found


def _of_person(person: Canary, shown: str, joined: str) -> list[str]:
    first, last = person.name.split()
    tests = {
        "number": person.msisdn[4:] in joined,
        "code": person.code in joined,
        "e-mail": person.email in shown,
        "PIN": re.search(rf"(?<![\d.]){person.pin}(?!\d)", shown) is not None,
        "name": re.search(rf"\b{first}\b", shown) is not None or last in shown,
        "message id": person.wamid[6:] in shown,
        "BSUID": person.bsuid in shown,
    }
    return [f"{first}'s {what}" for what, is_there in tests.items() if is_there]
