from __future__ import annotations

import json

import pytest

from agents.forwarding.envelope import Envelope, build_body
from agents.whatsapp.payload import UnreadableError
from tests import payloads

ALINE, BOSCO = "+250788123456", "+250788654321"
MESSAGES = "/entry/0/changes/0/value/messages/"


def sent(body: bytes, *paths: str) -> dict[str, object]:
    opened = Envelope(body)
    picked = [opened.item_at(path) for path in paths]
    count, out = build_body([parcel.content for parcel in picked if parcel])
    assert count == len(paths)
    found: dict[str, object] = json.loads(out)
    return found


def test_pick__batch_of_two_senders__holds_one_with_her_own_contact() -> None:
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


def test_pack__all_of_one_sender__is_what_came() -> None:
    # Given
    body = payloads.webhook(payloads.text("a"), payloads.text("b"))

    # When
    envelope = sent(body, f"{MESSAGES}0", f"{MESSAGES}1")

    # Then
    assert envelope == json.loads(body)


def test_pack__never_the_bytes_that_meta_would_send() -> None:
    # Given
    compact = json.dumps(payloads.envelope(payloads.text("a")), separators=(",", ":"))

    # When
    parcel = Envelope(compact.encode()).item_at(f"{MESSAGES}0")

    # Then
    assert parcel is not None
    assert build_body([parcel.content])[1] != compact.encode()


def test_pick__numbers_and_unknown_parts__stay_to_the_last_digit() -> None:
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
    parcel = Envelope(body).item_at(f"{MESSAGES}0")
    assert parcel is not None
    out = build_body([parcel.content])[1]

    # Then
    for literal in (
        *(b"1.10", b"1e400", b"123456789012345678901234567890", b"-1.95360"),
        *(b"\\ud800\\u0000\\u00e9", b'"n": null', b'"time": 17'),
    ):
        assert literal in out


def test_pick__status__goes_to_its_recipients_lane() -> None:
    # Given
    body = payloads.webhook(
        payloads.text("a", sender=ALINE), payloads.status("wamid.X", recipient=ALINE)
    )
    opened = Envelope(body)

    # When
    message = opened.item_at(f"{MESSAGES}0")
    status = opened.item_at("/entry/0/changes/0/value/statuses/0")

    # Then
    assert message is not None
    assert status is not None
    assert status.lane == message.lane
    assert (status.kind, status.provider_id) == ("status", "wamid.X")


def test_pick__messages_under_an_unknown_field_or_object__go_whole() -> None:
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
def test_pick__neither_message_nor_status__is_none(body: bytes, path: str) -> None:
    assert Envelope(body).item_at(path) is None


@pytest.mark.parametrize(
    "path",
    ["/entry/0", "/entry/9/changes/0", f"{MESSAGES}7", "/entry/0/changes/0/value/x/0"],
)
def test_pick__nothing_there__is_none(path: str) -> None:
    assert Envelope(payloads.webhook(payloads.text("a"))).item_at(path) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 50_000, b"\xff\xfe{"])
def test_opened__no_json__says_so(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        Envelope(body)
