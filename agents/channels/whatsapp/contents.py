"""What a message of each of Meta's types says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents.channels.whatsapp.sanitise import clean_line, clean_text

LONGEST_BUTTON_ID = 256

# Never a turn: nothing is asked.
SILENT_KINDS = frozenset({"reaction", "system", "edit", "revoke", "ephemeral"})
# Answered without waiting for more.
BUTTON_KINDS = frozenset({"interactive", "button"})


@dataclass(frozen=True, slots=True)
class Content:
    """The words, and the id of the button that was pressed."""

    text: str = ""
    button_id: str = ""


def content_of(kind: str, item: dict[str, Any]) -> Content:
    """Read the words of a message; a shape that we do not know has none."""
    part = item.get(kind)
    if not isinstance(part, dict):
        return Content()
    match kind:
        case "text":
            return Content(text=clean_text(part.get("body")))
        case "interactive":
            return _interactive(part)
        case "button":
            # A template's quick reply.
            return Content(
                text=clean_text(part.get("text")), button_id=_button(part, "payload")
            )
        case "image" | "video" | "document":
            return Content(text=clean_text(part.get("caption")))
        case _:
            return Content()


def _interactive(part: dict[str, Any]) -> Content:
    for name in ("button_reply", "list_reply"):
        reply = part.get(name)
        if isinstance(reply, dict):
            return Content(
                text=clean_text(reply.get("title")), button_id=_button(reply, "id")
            )
    return Content()


def _button(part: dict[str, Any], name: str) -> str:
    return clean_line(part.get(name), LONGEST_BUTTON_ID)
