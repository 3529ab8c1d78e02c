"""No spelling of a voucher code reaches a column, a log line or a raw body."""

from __future__ import annotations

import json
import unicodedata
from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection

from agents.core.code_redaction import renumber_codes
from agents.core.sealed_bodies import is_sealed, open_body
from agents.forwarding import queue
from agents.inbound import media_store, process_events
from agents.inbound.event_store import record
from agents.llm.transcription import Transcript
from agents.models import ForwardedItem, Media, Message, WebhookEvent
from tests import payloads
from tests.spellings import SCRIPTS, WORDS, dictated, make_code, with_typo, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda code: code,
    "groups": written,
    "nbsp": lambda code: written(code, separator="\u00a0"),
    "narrow": lambda code: written(code, separator="\u202f"),
    "ideographic": lambda code: written(code, separator="\u3000"),
    "dots": lambda code: written(code, separator="."),
    "commas": lambda code: written(code, separator=", "),
    "slashes": lambda code: written(code, separator="/"),
    "underscores": lambda code: written(code, separator="_"),
    "lines": lambda code: written(code, separator="\n"),
    "en-dashes": lambda code: written(code, separator="\u2013"),
    "bold": lambda code: f"*{written(code, separator='* *')}*",
    "italic": lambda code: f"_{written(code, separator='_ _')}_",
    "zero-width": lambda code: written(code, separator="\u200b", sizes=(1,) * 16),
    "direction": lambda code: f"\u202a{written(code, separator=chr(0x200E))}\u202c",
    "digit by digit": lambda code: written(code, separator=" ", sizes=(1,) * 16),
    "then": lambda code: written(code, separator=" then "),
    "mistyped": lambda code: written(with_typo(code)),
    **{
        f"script {name}": lambda code, name=name: written(code, script=name)
        for name in SCRIPTS
        if name != "ascii"
    },
    **{f"words {name}": lambda code, name=name: dictated(code, name) for name in WORDS},
}

CHANNELS: dict[str, Callable[[str], dict[str, Any]]] = {
    "text": lambda spelled: payloads.text(f"redeem {spelled} please"),
    "caption": lambda spelled: payloads.message(
        "image", {"id": "42", "mime_type": "image/jpeg", "caption": spelled}
    ),
    "file name": lambda spelled: payloads.message(
        "document",
        {"id": "42", "mime_type": "application/pdf", "filename": spelled},
    ),
    "button": lambda spelled: payloads.button("x", title=spelled),
    "button id": payloads.button,
    "list": lambda spelled: payloads.message(
        "interactive",
        {"type": "list_reply", "list_reply": {"id": "x", "title": spelled}},
    ),
    "quick reply": lambda spelled: payloads.message(
        "button", {"text": "Yes", "payload": spelled}
    ),
    "name": lambda spelled: payloads.text("hello", name=spelled),
    "location": lambda spelled: payloads.message(
        "location", {"latitude": -1.9, "longitude": 30.1, "name": spelled}
    ),
    "contact card": lambda spelled: payloads.message(
        "contacts", [{"name": {"formatted_name": spelled}}]
    ),
    "order": lambda spelled: payloads.message(
        "order", {"text": spelled, "product_items": [{"note": spelled}]}
    ),
    "form": lambda spelled: payloads.message(
        "interactive",
        {
            "type": "nfm_reply",
            "nfm_reply": {"body": "Sent", "response_json": json.dumps({"a": spelled})},
        },
    ),
    "referral": lambda spelled: payloads.text("hello", referral={"headline": spelled}),
    "quoted": lambda spelled: payloads.text(
        spelled, context={"id": "wamid.X", "forwarded": True}
    ),
    "unknown kind": lambda spelled: payloads.message("novel", {"body": spelled}),
}
SPLITS = ((4,), (8,), (12,), (1,), (4, 8), (5, 9), (4, 8, 12))


@pytest.fixture(autouse=True)
def _chat(whatsapp: SettingsWrapper, switch: Callable[..., None]) -> None:
    switch(chat=True)


def arrive(*items: dict[str, Any]) -> int:
    """Store one webhook and process it; return the event's id."""
    event_id = stored(*items)
    process_events.process_stored_events()
    return event_id


def stored(*items: dict[str, Any]) -> int:
    return record(
        body=payloads.webhook(*items), is_synthetic=False, correlation_id=uuid4()
    )


@cache
def columns() -> dict[str, list[str]]:
    """Return every text, JSON and byte column of every table."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND data_type IN"
            " ('text', 'character varying', 'jsonb', 'bytea', 'json')"
        )
        for table, column in cursor.fetchall():
            found.setdefault(table, []).append(column)
    assert len(found) > 50
    return found


def cells() -> list[str]:
    """Return the content of all these columns."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for table, names in columns().items():
            listed = ", ".join(f'"{name}"' for name in names)
            cursor.execute(f'SELECT {listed} FROM "{table}"')
            for value in chain.from_iterable(cursor.fetchall()):
                if value is None:
                    continue
                is_bytes = isinstance(value, bytes | memoryview)
                text = (
                    bytes(value).decode("utf-8", "replace") if is_bytes else str(value)
                )
                found.append(text)
                if "\\u" in text:
                    found.append(_unescaped(text))
    return found


def _unescaped(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text


class _DigitOrNothing(dict[int, str]):
    """A table of ``str.translate`` that keeps digits; it fills itself."""

    def __missing__(self, point: int) -> str:
        value = unicodedata.numeric(chr(point), -1)
        self[point] = str(int(value)) if value in range(10) else ""
        return self[point]


_DIGITS = _DigitOrNothing()


def digits_of(text: str) -> str:
    """Return the digits of a text, written in any script; independent of the reader."""
    return text.translate(_DIGITS)


def as_said(text: str) -> str:
    return " ".join(text.casefold().replace("\\n", " ").split())


@lru_cache(maxsize=20_000)
def readings_of(text: str) -> tuple[str, str]:
    """Return a text's digits and words; most cells are alike in all these tests."""
    return digits_of(text), as_said(text)


def stands_in(text: str, code: str, spelled: str) -> bool:
    return _stands_in(*readings_of(text), code, spelled)


def _stands_in(digits: str, said: str, code: str, spelled: str) -> bool:
    spelling = " ".join(spelled.casefold().split())
    return code in digits or (len(spelling) > 40 and spelling in said)


def assert_nowhere(log: str, *written: tuple[str, str]) -> None:
    """Look for each code, and for its spelling, in the database and the log."""
    for text in {*cells(), log}:
        digits, said = readings_of(text)
        for code, spelled in written:
            found = _stands_in(digits, said, code, spelled)
            assert not found, (spelled, text[:300])


@pytest.mark.parametrize("channel", CHANNELS)
def test_code__any_spelling_on_any_channel__stands_nowhere(
    channel: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    secrets, events = [], []
    for number, (name, spell) in enumerate(SPELLINGS.items()):
        code = make_code((name, channel))
        spelled = spell(code)
        typed = with_typo(code) if name == "mistyped" else code
        secrets.append((typed, spelled))
        item = {**CHANNELS[channel](spelled), "from": f"2507881000{number:02}"}
        events.append((name, stored(item)))

    # When
    process_events.process_stored_events(limit=len(events))

    # Then: the body is complete for the previous workflow
    for (name, event_id), (typed, spelled) in zip(events, secrets, strict=True):
        event = WebhookEvent.objects.get(pk=event_id)
        assert event.state == "done"
        body = bytes(event.body or b"")
        assert is_sealed(body), (name, channel)
        plain = _unescaped(open_body(body).decode())
        assert channel == "form" or stands_in(plain, typed, spelled)
    assert Message.objects.count() == len(SPELLINGS)
    assert_nowhere(capsys.readouterr().out, *secrets)


@pytest.mark.parametrize("spelling", [s for s in SPELLINGS if s != "mistyped"])
def test_code__in_a_message__is_sealed_for_its_turn(spelling: str) -> None:
    code = make_code(spelling)
    arrive(payloads.text(f"redeem {SPELLINGS[spelling](code)} at Kimironko"))
    message = Message.objects.get()
    [text], codes = renumber_codes([(message.text, message.codes_sealed)])
    assert "[code 1]" in text
    assert codes[1].digits == code


@pytest.mark.parametrize("is_one_webhook", [True, False])
@pytest.mark.parametrize("script", ["ascii", "full-width", "words"])
@pytest.mark.parametrize("cut", SPLITS)
def test_code__split_over_messages__stands_nowhere_and_is_the_last_ones(
    cut: tuple[int, ...],
    script: str,
    is_one_webhook: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Given
    code = make_code((cut, script, is_one_webhook))
    places = (0, *cut, 16)
    parts = [code[a:b] for a, b in pairwise(places)]
    spelled = [
        dictated(part, "en")
        if script == "words"
        else "".join(SCRIPTS[script][int(digit)] for digit in part)
        for part in parts
    ]

    # When
    items = [payloads.text(f"my code is {spelled[0]}")]
    items += [payloads.text(part) for part in spelled[1:]]
    if is_one_webhook:
        arrive(*items)
    else:
        for item in items:
            arrive(item)

    # Then
    rows = list(Message.objects.order_by("id"))
    _, codes = renumber_codes([(row.text, row.codes_sealed) for row in rows])
    assert [each.digits for each in codes.values()] == [code]
    assert all("[part of a code]" in row.text for row in rows[:-1])
    assert rows[-1].text == "[code 1]"
    left = "".join(digits_of(row.text) for row in rows[:-1])
    assert left == ""
    assert all(is_sealed(bytes(e.body or b"")) for e in WebhookEvent.objects.all())
    assert_nowhere(capsys.readouterr().out, (code, " ".join(spelled)))


def test_numbers_and_amounts__in_consecutive_messages__stay() -> None:
    arrive(payloads.text("create a voucher for 0788123456"))
    arrive(payloads.text("100000"))
    texts = list(Message.objects.order_by("id").values_list("text", flat=True))
    assert texts == ["create a voucher for 0788123456", "100000"]
    assert not any(is_sealed(bytes(e.body or b"")) for e in WebhookEvent.objects.all())


def test_code__in_a_transcript__stands_nowhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    secrets = []
    for number, (spelling, spell) in enumerate(SPELLINGS.items()):
        # Given
        code = make_code(("heard", spelling))
        spelled = spell(code)
        note = {"id": "42", "voice": True, "mime_type": "x"}
        sender = f"+2507881000{number:02}"
        arrive(payloads.message("audio", note, sender=sender))
        media = Media.objects.latest("pk")

        # When
        transcript = Transcript(f"my code is {spelled}", "en", 0.9, "ear")
        media_store.finish_transcription(media.pk, transcript, "")

        # Then
        secrets.append((with_typo(code) if spelling == "mistyped" else code, spelled))
        heard = Message.objects.latest("pk").text.removeprefix("my code")
        assert "code" in heard, spelling
    assert_nowhere(capsys.readouterr().out, *secrets)


def test_code__in_an_edit__stands_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    secrets = []
    for number, (spelling, spell) in enumerate(SPELLINGS.items()):
        # Given
        code = make_code(("edited", spelling))
        spelled = spell(code)
        sender = f"+2507881000{number:02}"
        first = payloads.text("hello", sender=sender)
        arrive(first)

        # When
        changed = {"type": "text", "text": {"body": f"use {spelled}"}}
        edit = {"original_message_id": first["id"], "message": changed}
        arrive(payloads.message("edit", edit, sender=sender))

        # Then
        secrets.append((with_typo(code) if spelling == "mistyped" else code, spelled))
        assert "code" in Message.objects.latest("pk").text, spelling
    assert_nowhere(capsys.readouterr().out, *secrets)


def test_forwarding__a_body_with_a_code__is_sealed_and_sent_complete(
    settings: SettingsWrapper,
) -> None:
    # Given: the previous workflow handles this message
    settings.LEGACY_WEBHOOK_URL = "http://127.0.0.1:9/"
    code = make_code("forwarded")
    arrive(
        payloads.text(f"use {written(code)}"),
    )
    message = Message.objects.get()

    # When: the agent is switched off before it answered
    queue.forward_messages([message])

    # Then
    [item] = ForwardedItem.objects.all()
    assert code not in digits_of(bytes(item.content or b"").decode("utf-8", "replace"))
    assert written(code) in open_body(item.content).decode()
