from __future__ import annotations

import json
from typing import Any

import pytest

from agents.whatsapp import payload
from agents.whatsapp.payload import (
    BadItem,
    Inbound,
    Item,
    ProviderErrors,
)
from agents.whatsapp.statuses import Status
from agents.whatsapp.user_updates import IdentityChange
from tests import payloads

ALINE = "+250788123456"
BSUID = "RW.13491208655302741918"
OTHER = "RW.24817305912873645029"


def read(*items: dict[str, Any], **fields: Any) -> list[Item]:
    return list(payload.read(payloads.webhook(*items, **fields)))


def one(kind: str, content: object, **fields: Any) -> Inbound:
    [item] = read(payloads.message(kind, content, **fields))
    assert isinstance(item, Inbound)
    return item


def value(**parts: Any) -> list[Item]:
    """Read one change's value as it is."""
    metadata = {"phone_number_id": payloads.PHONE_NUMBER_ID}
    field = parts.pop("field", "messages")
    change = {"field": field, "value": {"metadata": metadata, **parts}}
    document = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [change]}],
    }
    return list(payload.read(json.dumps(document).encode()))


@pytest.mark.parametrize(
    ("kind", "content", "text", "detail"),
    [
        ("text", {"body": "hi"}, "hi", {}),
        (
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "r1", "title": "Bon"}},
            "Bon",
            {},
        ),
        (
            "interactive",
            {"nfm_reply": {"name": "f", "body": "Sent", "response_json": '{"a": 1}'}},
            "Sent",
            {"reply": "nfm_reply", "form": {"a": 1}},
        ),
        (
            "interactive",
            {"call_permission_reply": {"response": "accept"}},
            "",
            {"reply": "call_permission_reply", "answer": {"response": "accept"}},
        ),
        ("button", {"payload": "p", "text": "Yes"}, "Yes", {}),
        ("image", {"id": "12", "caption": "look"}, "look", {}),
        (
            "location",
            {"latitude": -1.9, "longitude": 30.1, "name": "Kigali"},
            "",
            {"place": {"latitude": -1.9, "longitude": 30.1, "name": "Kigali"}},
        ),
        ("reaction", {"message_id": "wamid.1", "emoji": "👍"}, "", {"emoji": "👍"}),
        ("unsupported", {"type": "poll_creation"}, "", {"type": "poll_creation"}),
        ("request_welcome", None, "", {}),
        ("order", {"text": "two", "product_items": []}, "two", {"order": []}),
        ("hologram", {"x": 1}, "", {}),
        ("text", ["no"], "", {}),
        ("contacts", {"no": "list"}, "", {}),
    ],
)
def test_read__each_kind__text_and_detail(
    kind: str, content: object, text: str, detail: dict[str, Any]
) -> None:
    # When
    item = one(kind, content)

    # Then
    assert (item.kind, item.text, item.content.detail) == (kind, text, detail)


def test_read__forwarded_with_a_referral__stored_in_detail() -> None:
    # When
    item = one(
        "text",
        {"body": "hi"},
        context={"forwarded": True, "referred_product": {"catalog_id": "7"}},
        referral={"source_type": "ad", "ctwa_clid": "abc", "junk": {"a": 1}},
    )

    # Then
    assert item.content.detail == {
        "forwarded": "forwarded",
        "product": {"catalog_id": "7"},
        "referral": {"source_type": "ad", "ctwa_clid": "abc"},
    }


def test_read__form_with_hostile_json__bounded_plain_data() -> None:
    # When
    deep = '{"a":' * 3_000 + "1" + "}" * 3_000
    item = one("interactive", {"nfm_reply": {"body": "Sent", "response_json": deep}})
    wide = one(
        "interactive",
        {"nfm_reply": {"response_json": json.dumps({str(n): "x" for n in range(99)})}},
    )

    # Then
    assert len(json.dumps(item.content.detail)) < 500
    assert len(wide.content.detail["form"]) == 20


def test_read__body_missing_with_an_error__error_code() -> None:
    # When
    item = one("interactive", None, errors=[{"code": 131000, "title": "wrong"}])

    # Then
    assert (item.text, item.content.error_code) == (
        "",
        "131000",
    )


def test_read__errors_of_the_value__provider_errors() -> None:
    # When
    [trouble] = value(errors=[{"code": 131000, "message": "to +250788123456"}])

    # Then
    assert isinstance(trouble, ProviderErrors)
    assert trouble.errors[0]["code"] == "131000"
    assert "250788123456" not in trouble.errors[0]["title"]


@pytest.mark.parametrize(
    ("cards", "number"),
    [
        (
            [{"origin": "contact_request", "vcard": "TEL;waid=250788123456:+250 788"}],
            ALINE,
        ),
        ([{"origin": "contact_request", "phones": [{"wa_id": "250788123456"}]}], ALINE),
        ([{"origin": "other", "phones": [{"wa_id": "250788123456"}]}], ""),
        ([{"phones": [{"wa_id": "250788123456"}]}], ""),
        (
            [
                {"origin": "contact_request", "phones": [{"wa_id": "250788123456"}]},
                {"origin": "other", "phones": [{"wa_id": "250788654321"}]},
            ],
            "",
        ),
        (
            [
                {
                    "origin": "contact_request",
                    "phones": [{"wa_id": "250788123456"}, {"wa_id": "250788654321"}],
                }
            ],
            "",
        ),
    ],
)
def test_read__contact_card__proves_a_number_only_as_answer_to_our_request(
    cards: list[Any], number: str
) -> None:
    item = one("contacts", cards)
    assert item.content.proven_number == number


def test_read__many_contacts__paired_by_id_not_by_position() -> None:
    # When
    items = value(
        contacts=[
            {"profile": {"name": "Eve"}, "wa_id": "250788000009", "user_id": OTHER},
            {
                "profile": {"name": "Aline", "username": "ali"},
                "user_id": BSUID,
                "wa_id": "250788123456",
                "parent_user_id": "RW.ENT.77",
            },
        ],
        messages=[
            {"id": "1", "type": "text", "text": {"body": "a"}, "from_user_id": BSUID},
            {"id": "2", "type": "text", "text": {"body": "b"}, "from": BSUID},
            {"id": "3", "type": "text", "text": {"body": "c"}},
        ],
    )

    # Then
    first, second, third = items
    assert isinstance(first, Inbound)
    assert isinstance(second, Inbound)
    sender = first.sender
    assert (sender.number, sender.bsuid, sender.name) == (ALINE, BSUID, "Aline")
    assert (sender.parent, sender.username) == ("RW.ENT.77", "ali")
    assert second.sender == sender
    assert third == BadItem(
        "/entry/0/changes/0/value/messages/2", "message without a sender"
    )


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (
            {"type": "user_changed_number", "wa_id": "250788999999"},
            ("number", ALINE, "", "+250788999999", ""),
        ),
        (
            {"type": "customer_changed_number", "new_wa_id": "250788999999"},
            ("number", ALINE, "", "+250788999999", ""),
        ),
        (
            {
                "type": "user_changed_user_id",
                "user_id": OTHER,
                "previous_user_id": BSUID,
            },
            ("user_id", ALINE, BSUID, "", OTHER),
        ),
        (
            {
                "type": "user_changed_user_id",
                "body": f"User Aline changed from {BSUID} to {OTHER}",
            },
            ("user_id", ALINE, BSUID, "", OTHER),
        ),
        ({"type": "customer_identity_changed"}, ("device", ALINE, "", "", "")),
    ],
)
def test_read__system_message__identities_before_and_after(
    parts: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    # When
    [change] = value(
        messages=[
            {"id": "1", "from": "250788123456", "type": "system", "system": parts}
        ]
    )

    # Then
    assert isinstance(change, IdentityChange)
    assert wanted == (
        change.kind,
        change.old_number,
        change.old_bsuid,
        change.number,
        change.bsuid,
    )


def test_read__user_id_update__previous_and_current_id() -> None:
    # When
    [change] = value(
        field="user_id_update",
        user_id_update=[
            {"wa_id": "250788123456", "user_id": {"previous": BSUID, "current": OTHER}}
        ],
    )

    # Then
    assert isinstance(change, IdentityChange)
    assert (change.old_number, change.old_bsuid, change.bsuid) == (ALINE, BSUID, OTHER)


def test_read__status_with_other_field_names__all_read() -> None:
    # When
    [status] = read(
        payloads.status(
            "wamid.1",
            "failed",
            recipient_user_id=BSUID,
            parent_recipient_user_id="RW.ENT.77",
            pricing={"billable": True, "category": "service", "type": "regular"},
            errors=[
                {"code": 131026, "title": "No", "error_data": {"details": "old app"}},
                {"code": True},
                "junk",
            ],
        )
    )

    # Then
    assert isinstance(status, Status)
    assert status.recipient == {"number": ALINE, "bsuid": BSUID, "parent": "RW.ENT.77"}
    assert status.errors == [{"code": "131026", "title": "No old app"}]
    assert status.pricing["category"] == "service"
