"""Read a body strictly: within a size, as JSON, each key once, only real text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http.request import UnreadablePostError

from agents.api import refusals

if TYPE_CHECKING:
    from django.http import HttpRequest

LARGEST_BODY = 64 * 1024
_CHARSETS = {"", "utf-8", "utf8"}


def read_body(request: HttpRequest, *, largest: int = LARGEST_BODY) -> bytes:
    """Return the bytes; a body over the limit is not read to its end."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > largest:
            raise refusals.too_large(largest)
    except ValueError as error:
        raise refusals.unreadable("The length of the body is no number.") from error
    try:
        body: bytes = request.read(largest + 1)
    except UnreadablePostError as error:
        raise refusals.unreadable("The body did not arrive.") from error
    if len(body) > largest:
        raise refusals.too_large(largest)
    return body


def check_type(request: HttpRequest) -> None:
    """Take JSON in UTF-8, not compressed; nothing else."""
    charset = request.content_params and request.content_params.get("charset", "")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if (
        request.content_type != "application/json"
        or str(charset or "").strip('"').lower() not in _CHARSETS
        or encoding not in {"", "identity"}
    ):
        raise refusals.unsupported_type()


def read_object(body: bytes | str) -> dict[str, Any]:
    """Return the JSON object; raise the 400 that says what is wrong with it."""
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        found = json.loads(
            text, object_pairs_hook=_each_key_once, parse_constant=_no_such_number
        )
        # Lone surrogates are no text: no database and no log takes them.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise refusals.unreadable("The JSON is nested too deeply.") from error
    except UnicodeError as error:
        raise refusals.unreadable("The body is not UTF-8 text.") from error
    except ValueError as error:
        raise refusals.unreadable("The body is not valid JSON.") from error
    if not isinstance(found, dict):
        raise refusals.unreadable("The body must be a JSON object.")
    return found


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise refusals.invalid({twice[:64]: "This field is given twice."})
    return found


def _no_such_number(name: str) -> Any:
    raise refusals.unreadable(f"{name} is no JSON.")
