"""Raw bodies of webhooks that hold a voucher code are sealed once processed.

A sealed body is as complete as before: the previous workflow still receives its
messages unchanged.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from easymo import keys
from vouchers.codes import blank_code_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

PURPOSE = "webhook-body"
# No JSON begins with it.
MARK = b"\x00sealed\x00"
# Fields of the provider with long numbers that no person wrote.
PROVIDER_FIELDS = frozenset(
    {
        *("id", "from", "to", "wa_id", "user_id", "recipient_id", "timestamp"),
        *("phone_number_id", "display_phone_number", "sha256", "mime_type", "url"),
        *("from_user_id", "recipient_user_id", "parent_user_id", "message_id"),
        *("original_message_id", "group_id", "catalog_id", "source_id", "ctwa_clid"),
        *("biz_opaque_callback_data", "expiration_timestamp", "vcard"),
    }
)
# Fields in which a person can write even so: the id of a button.
BUTTON_FIELDS = frozenset({"button_reply", "list_reply"})


def seal_if_code(body: bytes) -> bytes:
    """Return the body, sealed when a person wrote a voucher code in it."""
    return seal(body) if holds_code(body) else body


def seal(body: bytes) -> bytes:
    return body if is_sealed(body) else MARK + keys.seal(PURPOSE, body)


def is_sealed(body: bytes) -> bool:
    return bytes(body[: len(MARK)]) == MARK


def open_body(stored: bytes | memoryview | None) -> bytes:
    """Return the body as it was received; "" when it is deleted."""
    body = bytes(stored or b"")
    return keys.unseal(PURPOSE, body[len(MARK) :]) if is_sealed(body) else body


def holds_code(body: bytes) -> bool:
    """Tell whether a text in the JSON holds a code in any spelling."""
    try:
        document = json.loads(body.decode(json.detect_encoding(body), "replace"))
    except (ValueError, RecursionError):
        document = body.decode("utf-8", "replace")
    texts = list(_texts(document))
    return any(blank_code_digits(text) != text for text in [*texts, "\n".join(texts)])


def _texts(value: Any, name: str = "", parent: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield str(key)
            yield from _texts(entry, str(key), name)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry, name, parent)
    elif isinstance(value, str) and value[:1] in {"{", "["}:
        # The reply of a form is JSON within JSON.
        yield value
        with contextlib.suppress(ValueError, RecursionError):
            yield from _texts(json.loads(value), name, parent)
    elif name not in PROVIDER_FIELDS or parent in BUTTON_FIELDS:
        yield "" if isinstance(value, bool | float) or value is None else str(value)
