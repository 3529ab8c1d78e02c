"""Show any kind of message as text, to the model and to colleagues. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agents.whatsapp.contents import BUTTON_KINDS, FORM_REPLIES
from vouchers.codes import blank_code_digits
from vouchers.names import quoted_name

if TYPE_CHECKING:
    from agents.models import Message

LONGEST = 600
OWN_BUTTON = re.compile(r"[a-z]{1,16}:(?:[0-9a-f-]{36}|[0-9]{1,18}:[a-z]{1,8})")
SHOWN = ("place", "cards", "order", "form", "answer", "emoji", "product")


def is_own_text(message: Message) -> bool:
    """Tell whether the person wrote the text of the message.

    A forwarded message, a form reply and a voice note have text too, but a change based
    on them always needs the confirm button.
    """
    return (
        message.kind in {"text", *BUTTON_KINDS}
        and not message.is_spoken
        and "forwarded" not in message.detail
        and message.detail.get("reply") not in FORM_REPLIES
    )


def has_words(message: Message) -> bool:
    """Tell whether the message has text to answer."""
    return bool(message.text) and message.detail.get("reply") not in FORM_REPLIES


def text_for_model(message: Message, text: str) -> str:
    """Return the message as one text, with a mark for its kind."""
    mark = _mark(message)
    around = describe_detail(message.detail)
    return " ".join(filter(None, (mark, text, around)))


def describe_detail(detail: dict[str, Any]) -> str:
    """Return the other contents of a message as one line of limited length."""
    parts = [
        f"{field}: {_flat(_with_plain_names(detail[field]))}"
        for field in SHOWN
        if detail.get(field)
    ]
    return "; ".join(parts)[:LONGEST]


def blank_codes(value: Any) -> Any:
    """Blank everything that looks like a code, anywhere in the data."""
    if isinstance(value, str):
        return blank_code_digits(value)
    if isinstance(value, list):
        return [blank_codes(entry) for entry in value]
    if isinstance(value, dict):
        return {
            blank_code_digits(key): blank_codes(entry) for key, entry in value.items()
        }
    return value


def _with_plain_names(value: Any) -> Any:
    """Reduce the names of contact cards and places to names."""
    if isinstance(value, list):
        return [_with_plain_names(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        key: quoted_name(str(entry)) if key == "name" else _with_plain_names(entry)
        for key, entry in value.items()
    }


def blank_button_id(button_id: str) -> str:
    """Blank codes in the id of a button; ours hold the id of a row."""
    if OWN_BUTTON.fullmatch(button_id):
        return button_id
    return blank_code_digits(button_id)


def _mark(message: Message) -> str:
    if message.is_spoken:
        return "[voice note, as heard]"
    if "forwarded" in message.detail:
        return f"[forwarded {message.kind}]"
    if message.kind in {"text", *BUTTON_KINDS} and is_own_text(message):
        return ""
    return f"[{message.detail.get('reply') or message.kind}]"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{key} {_flat(entry)}" for key, entry in value.items() if entry
        )
    if isinstance(value, list):
        return " / ".join(_flat(entry) for entry in value)
    return str(value)
