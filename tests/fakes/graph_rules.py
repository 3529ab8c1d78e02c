"""What Meta's message endpoint refuses; more than our own client needs to know."""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from email.policy import default
from typing import Any

type Json = dict[str, Any]

COMMON = {
    "messaging_product",
    "recipient_type",
    "to",
    "recipient",
    "type",
    "biz_opaque_callback_data",
    "context",
}
KINDS = {"text", "interactive", "template", "image"}
NUMBER = re.compile(r"\+[0-9]{7,15}")
BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


class RefusedError(Exception):
    def __init__(self, code: int, message: str, http_status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status


def check(body: bytes) -> Json:
    """Return the payload, or refuse it as Meta would."""
    try:
        payload = json.loads(body)
    except ValueError:
        raise RefusedError(100, "The body is no JSON") from None
    _need(isinstance(payload, dict), "the body is no object")
    _need(payload.get("messaging_product") == "whatsapp", "messaging_product")
    if payload.get("status") == "read":
        _only(
            payload, {"messaging_product", "status", "message_id", "typing_indicator"}
        )
        _need(str(payload.get("message_id", "")).startswith("wamid."), "message_id")
        return payload
    kind = payload.get("type")
    _need(kind in KINDS, f"type {kind!r}")
    _only(payload, COMMON | {kind})
    _check_address(payload)
    opaque = payload.get("biz_opaque_callback_data", "")
    _need(isinstance(opaque, str) and len(opaque) <= 512, "biz_opaque_callback_data")
    CHECKS[kind](payload[kind])
    return payload


def _check_address(payload: Json) -> None:
    to, recipient = payload.get("to"), payload.get("recipient")
    _need((to is None) != (recipient is None), "exactly one of to and recipient")
    if to is not None:
        _need(isinstance(to, str) and bool(NUMBER.fullmatch(to)), "to needs its +")
    else:
        _need(isinstance(recipient, str) and bool(BSUID.fullmatch(recipient)), "BSUID")


def _check_image(image: Json) -> None:
    _only(image, {"id", "caption"})
    _need(str(image.get("id", "")).isdigit(), "image.id")
    _body(image.get("caption"), 1_024)


def check_upload(content_type: str, body: bytes) -> bytes:
    """Return the file of an upload, or refuse it as Meta would."""
    _need(content_type.startswith("multipart/form-data; boundary="), "no form")
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = message_from_bytes(head + body, policy=default)
    parts = {
        part.get_param("name", header="Content-Disposition"): part
        for part in form.iter_parts()
    }
    _need(set(parts) == {"messaging_product", "type", "file"}, "the form's fields")
    given = {name: part.get_payload(decode=True) for name, part in parts.items()}
    _need(given["messaging_product"] == b"whatsapp", "messaging_product")
    _need(given["type"] == b"image/png", "type")
    _need(parts["file"].get_content_type() == "image/png", "the file's type")
    _need(given["file"][:8] == b"\x89PNG\r\n\x1a\n", "no PNG")
    _need(len(given["file"]) <= 5 * 1024 * 1024, "the file is too large")
    return bytes(given["file"])


def _check_text(text: Json) -> None:
    _only(text, {"body", "preview_url"})
    _body(text.get("body"), 4_096)


def _check_buttons(interactive: Json) -> None:
    _only(interactive, {"type", "header", "body", "footer", "action"})
    _need(interactive.get("type") == "button", "interactive.type")
    _only(interactive["body"], {"text"})
    _body(interactive["body"].get("text"), 1_024)
    _only(interactive["action"], {"buttons"})
    buttons = interactive["action"]["buttons"]
    _need(1 <= len(buttons) <= 3, "one to three buttons")
    for button in buttons:
        _only(button, {"type", "reply"})
        _need(button.get("type") == "reply", "button.type")
        _only(button["reply"], {"id", "title"})
        _body(button["reply"].get("title"), 20)
        _body(button["reply"].get("id"), 256)
    for name in ("id", "title"):
        values = [button["reply"][name] for button in buttons]
        _need(len(set(values)) == len(values), f"button {name} twice")


def _check_template(template: Json) -> None:
    _only(template, {"name", "language", "components"})
    _need(bool(re.fullmatch(r"[a-z0-9_]{1,512}", template.get("name", ""))), "name")
    _only(template["language"], {"code"})
    for component in template.get("components", ()):
        _only(component, {"type", "parameters"})
        for parameter in component["parameters"]:
            _only(parameter, {"type", "text"})
            _body(parameter.get("text"), 1_024)
            # Meta refuses them with 132018.
            _need(not re.search(r"[\n\t]| {5}", parameter["text"]), "parameter's space")


def _body(text: object, longest: int) -> None:
    _need(isinstance(text, str) and 1 <= len(text) <= longest, f"1 to {longest} signs")


def _only(part: Json, names: set[str]) -> None:
    _need(isinstance(part, dict), "no object")
    unknown = sorted(set(part) - names)
    _need(not unknown, f"unexpected field {unknown}")


def _need(condition: object, what: str) -> None:
    if not condition:
        raise RefusedError(100, f"Invalid parameter: {what}")


CHECKS = {
    "text": _check_text,
    "interactive": _check_buttons,
    "template": _check_template,
    "image": _check_image,
}
