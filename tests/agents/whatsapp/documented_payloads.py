"""Every documented webhook of WhatsApp, with all its optional fields."""

from __future__ import annotations

from typing import Any

type Json = dict[str, Any]

NUMBER_ID = "106540352242922"
OWN = "250700000000"
ALINE = "250788123456"
BSUID = "RW.13491208655302741918"
CONTEXT: Json = {
    "from": OWN,
    "id": "wamid.CONTEXT",
    "forwarded": False,
    "frequently_forwarded": False,
    "referred_product": {"catalog_id": "1", "product_retailer_id": "sku"},
}
REFERRAL: Json = {
    "source_url": "https://example.com/ad",
    "source_id": "12",
    "source_type": "ad",
    "headline": "Fuel",
    "body": "Vouchers",
    "media_type": "image",
    "image_url": "https://example.com/i",
    "ctwa_clid": "Aff",
    "welcome_message": {"text": "Hi"},
}
ERROR: Json = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
    "href": "https://example.com/errors",
}
MEDIA: Json = {
    "id": "2754859441498128",
    "mime_type": "image/jpeg",
    "sha256": "fqWm=",
    "url": "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
    "caption": "receipt",
}
CARD: Json = {
    "name": {"formatted_name": "Bosco", "first_name": "Bosco", "last_name": "M"},
    "phones": [{"phone": "+250 788 654 321", "wa_id": "250788654321", "type": "CELL"}],
    "emails": [{"email": "a@example.com", "type": "WORK"}],
    "org": {"company": "Easymo"},
    "origin": "other",
    "vcard": "BEGIN:VCARD\nTEL;waid=250788654321:+250 788 654 321\nEND:VCARD",
}
PRODUCT: Json = {
    "product_retailer_id": "sku",
    "quantity": 2,
    "item_price": 10000,
    "currency": "RWF",
}
LIST_REPLY: Json = {"id": "l", "title": "One", "description": "d"}
ORIGINAL = "wamid.ORIGINAL"
MESSAGES: dict[str, Json] = {
    "text": {"type": "text", "text": {"body": "hello"}, "referral": REFERRAL},
    "reply": {"type": "text", "text": {"body": "yes"}, "context": CONTEXT},
    "group": {"type": "text", "text": {"body": "hi all"}, "group_id": "Y2FwaV9n"},
    "image": {"type": "image", "image": MEDIA},
    "video": {"type": "video", "video": MEDIA},
    "document": {"type": "document", "document": {**MEDIA, "filename": "a.pdf"}},
    "sticker": {"type": "sticker", "sticker": {**MEDIA, "animated": False}},
    "audio": {"type": "audio", "audio": {**MEDIA, "voice": True}},
    "location": {
        "type": "location",
        "location": {
            "latitude": -1.94,
            "longitude": 30.06,
            "name": "Kimironko",
            "address": "KG 11",
            "url": "https://example.com",
        },
    },
    "contacts": {"type": "contacts", "contacts": [CARD, CARD]},
    "order": {
        "type": "order",
        "order": {"catalog_id": "1", "text": "please", "product_items": [PRODUCT]},
    },
    "button": {"type": "button", "button": {"payload": "yes", "text": "Yes"}},
    "button_reply": {
        "type": "interactive",
        "interactive": {
            "type": "button_reply",
            "button_reply": {"id": "b", "title": "Y"},
        },
    },
    "list_reply": {
        "type": "interactive",
        "interactive": {"type": "list_reply", "list_reply": LIST_REPLY},
    },
    "form": {
        "type": "interactive",
        "interactive": {
            "type": "nfm_reply",
            "nfm_reply": {
                "name": "flow",
                "body": "Sent",
                "response_json": '{"a": null}',
            },
        },
    },
    "call permission": {
        "type": "interactive",
        "interactive": {
            "type": "call_permission_reply",
            "call_permission_reply": {
                "response": "accept",
                "expiration_timestamp": 1786527377,
                "is_permanent": False,
            },
        },
    },
    "reaction": {
        "type": "reaction",
        "reaction": {"message_id": ORIGINAL, "emoji": "x"},
    },
    "edit": {
        "type": "edit",
        "edit": {
            "original_message_id": ORIGINAL,
            "message": {"type": "text", "text": {"body": "better"}, "context": CONTEXT},
        },
    },
    "revoke": {"type": "revoke", "revoke": {"original_message_id": ORIGINAL}},
    "unsupported": {
        "type": "unsupported",
        "unsupported": {"type": "poll_creation"},
        "errors": [ERROR],
    },
    "request_welcome": {"type": "request_welcome"},
    "number changed": {
        "type": "system",
        "system": {
            "body": "A changed from 250788123456 to 250788999999",
            "wa_id": "250788999999",
            "new_wa_id": "250788999999",
            "identity": "x",
            "type": "user_changed_number",
            "customer": ALINE,
        },
    },
    "user id changed": {
        "type": "system",
        "system": {
            "body": f"A changed from {BSUID} to RW.9999",
            "user_id": "RW.9999",
            "previous_user_id": BSUID,
            "type": "user_changed_user_id",
        },
    },
}
STATUS: Json = {
    "id": "wamid.SENT",
    "status": "failed",
    "timestamp": "1786527377",
    "recipient_id": ALINE,
    "recipient_user_id": BSUID,
    "parent_recipient_user_id": "RW.ENT.1",
    "biz_opaque_callback_data": "x",
    "conversation": {
        "id": "c",
        "expiration_timestamp": "1786527377",
        "origin": {"type": "service"},
    },
    "pricing": {
        "billable": True,
        "pricing_model": "PMP",
        "type": "regular",
        "category": "service",
    },
    "errors": [ERROR],
}
PREFERENCE: Json = {
    "wa_id": ALINE,
    "user_id": BSUID,
    "detail": "User requested to stop marketing messages",
    "category": "marketing_messages",
    "value": "stop",
    "timestamp": 1786527377,
}
ID_UPDATE: Json = {
    "wa_id": ALINE,
    "user_id": {"previous": BSUID, "current": "RW.9999"},
    "detail": "changed",
    "timestamp": "1786527377",
}
# Fields that are stored and never answered.
IGNORED: dict[str, Json] = {
    "account_update": {
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{"restriction_type": "X", "expiration": "1786527377"}],
    },
    "account_alerts": {"entity_type": "WABA", "alert_severity": "INFORMATIONAL"},
    "phone_number_quality_update": {"event": "FLAGGED", "current_limit": "TIER_1K"},
    "message_template_status_update": {"event": "PAUSED", "other_info": {"title": "x"}},
    "calls": {"calls": [{"id": "wacid.1", "event": "connect", "from": ALINE}]},
}


def value(**parts: Any) -> Json:
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": OWN, "phone_number_id": NUMBER_ID},
        "contacts": [
            {
                "profile": {"name": "Aline", "username": "aline"},
                "wa_id": ALINE,
                "user_id": BSUID,
                "parent_user_id": "RW.ENT.1",
                "identity_key_hash": "x",
            }
        ],
        **parts,
    }


def message(kind: str, message_id: str = "wamid.MUTATED") -> Json:
    return {
        "from": ALINE,
        "from_user_id": BSUID,
        "from_parent_user_id": "RW.ENT.1",
        "id": message_id,
        "timestamp": "1786527377",
        **MESSAGES[kind],
    }


def changes() -> dict[str, Json]:
    """Return the documented webhooks, each as one change."""
    found = {
        kind: {"field": "messages", "value": value(messages=[message(kind)])}
        for kind in MESSAGES
    }
    found["status"] = {"field": "messages", "value": value(statuses=[STATUS])}
    found["errors"] = {"field": "messages", "value": value(errors=[ERROR])}
    for field, item in (
        ("user_preferences", PREFERENCE),
        ("user_id_update", ID_UPDATE),
    ):
        found[field] = {"field": field, "value": value(**{field: [item]})}
    for field, content in IGNORED.items():
        found[field] = {"field": field, "value": content}
    return found
