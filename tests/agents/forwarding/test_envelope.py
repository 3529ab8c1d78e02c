from __future__ import annotations

import json

import pytest

from agents.forwarding.envelope import Envelope, build_body
from agents.whatsapp.payload import UnreadableError
from tests import payloads

ALINE, BOSCO = "+250788123456", "+250788654321"
MESSAGES = "/entry/0/changes/0/value/messages/"


def sent(body: bytes, *paths: str) -> dict[str, object]:
    envelope = Envelope(body)
    picked = [envelope.item_at(path) for path in paths]
    count, out = build_body([item.content for item in picked if item])
    assert count == len(paths)
    found: dict[str, object] = json.loads(out)
    return found


def test_item_at__batch_of_two_senders__one_message_with_its_contact() -> None:
    # Given
    body = payloads.webhook(
        payloads.text("a", sender=ALINE, name="Aline", bsuid="RW.1"),
        payloads.text("b", sender=BOSCO, name="Bosco"),
        payloads.status("wamid.X"),
    )

    # When
    envelope = sent(body, f"{MESSAGES}1")

    # Then
    document = json.loads(body)
    value = document["entry"][0]["changes"][0]["value"]
    assert envelope == {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": document["entry"][0]["id"],
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": value["metadata"],
                            "contacts": [value["contacts"][1]],
                            "messages": [value["messages"][1]],
                        },
                    }
                ],
            }
        ],
    }


def test_build_body__all_items_of_one_sender__equals_the_original() -> None:
    # Given
    body = payloads.webhook(payloads.text("a"), payloads.text("b"))

    # When
    envelope = sent(body, f"{MESSAGES}0", f"{MESSAGES}1")

    # Then
    assert envelope == json.loads(body)


def test_build_body__any_items__never_the_bytes_of_meta() -> None:
    # Given
    compact = json.dumps(payloads.envelope(payloads.text("a")), separators=(",", ":"))

    # When
    item = Envelope(compact.encode()).item_at(f"{MESSAGES}0")

    # Then
    assert item is not None
    assert build_body([item.content])[1] != compact.encode()


def test_item_at__numbers_and_unknown_fields__kept_digit_by_digit() -> None:
    # Given
    body = (
        b'{"object":"whatsapp_business_account","v":1.10,"entry":[{"id":"1","time":17,'
        b'"changes":[{"field":"messages","odd":-0,"value":{"metadata":'
        b'{"phone_number_id":"5"},"new":{"a":[1e400,123456789012345678901234567890]},'
        b'"messages":[{"id":"m","from":"250788123456","type":"location","location":'
        b'{"latitude":-1.95360,"longitude":30.0606,"u":"\\ud800\\u0000\xc3\xa9",'
        b'"n":NaN}}]}}]}]}'
    )

    # When
    item = Envelope(body).item_at(f"{MESSAGES}0")
    assert item is not None
    out = build_body([item.content])[1]

    # Then
    for literal in (
        *(b"1.10", b"1e400", b"123456789012345678901234567890", b"-1.95360"),
        *(b"\\ud800\\u0000\\u00e9", b'"n": null', b'"time": 17'),
    ):
        assert literal in out


def test_item_at__status__lane_of_its_recipient() -> None:
    # Given
    body = payloads.webhook(
        payloads.text("a", sender=ALINE), payloads.status("wamid.X", recipient=ALINE)
    )
    envelope = Envelope(body)

    # When
    message = envelope.item_at(f"{MESSAGES}0")
    status = envelope.item_at("/entry/0/changes/0/value/statuses/0")

    # Then
    assert message is not None
    assert status is not None
    assert status.lane == message.lane
    assert (status.kind, status.provider_id) == ("status", "wamid.X")


def test_item_at__messages_under_an_unknown_field_or_object__whole_change() -> None:
    # Given
    change = payloads.webhook(payloads.text("a"), field="standby")
    instagram = json.loads(change) | {"object": "instagram"}

    # Then
    assert sent(change, "/entry/0/changes/0") == json.loads(change)
    assert sent(json.dumps(instagram).encode(), "") == instagram


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (payloads.webhook(field="account_alerts"), "/entry/0/changes/0"),
        (b'{"object":"instagram","entry":[{"id":"7"}]}', ""),
        (b"{}", ""),
        (b'[{"messages":[{"id":"m"}]}]', ""),
        (
            b'{"entry":[{"changes":[{"value":{"user_preferences":[{"wa_id":"1"}]}}]}]}',
            "/entry/0/changes/0/value/user_preferences/0",
        ),
        (b'{"entry":[{"changes":[{"value":{"messages":[]}}]}]}', "/entry/0/changes/0"),
    ],
)
def test_item_at__neither_message_nor_status__none(body: bytes, path: str) -> None:
    assert Envelope(body).item_at(path) is None


@pytest.mark.parametrize(
    "path",
    ["/entry/0", "/entry/9/changes/0", f"{MESSAGES}7", "/entry/0/changes/0/value/x/0"],
)
def test_item_at__missing__none(path: str) -> None:
    assert Envelope(payloads.webhook(payloads.text("a"))).item_at(path) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 50_000, b"\xff\xfe{"])
def test_envelope__not_json__unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        Envelope(body)
