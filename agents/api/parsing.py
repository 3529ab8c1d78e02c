"""Read a request body strictly: bounded, JSON in UTF-8, each key once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, cast

from rest_framework.parsers import BaseParser

from agents.api.refusals import Refusal, invalid

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

MAX_BODY = 64 * 1024
_CHARSETS = {"", "utf-8", "utf8"}


class StrictJsonParser(BaseParser):
    """Parses a JSON object; Django REST framework's own parser accepts more."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        return parse_object(stream.read())


def object_of(request: Request) -> dict[str, Any]:
    """Return the parsed body; an empty body is an object without fields."""
    return cast("dict[str, Any]", request.data)


def check_size(request: HttpRequest, *, limit: int = MAX_BODY) -> None:
    """Refuse a body over the limit. Django reads no byte beyond the stated length."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise invalid({"body": "The length of the body is no number."}) from error
    if length > limit:
        raise Refusal("too_large", f"A body has at most {limit:,} bytes.")


def check_type(request: HttpRequest) -> None:
    """Refuse anything but uncompressed JSON in UTF-8."""
    charset = (request.content_params or {}).get("charset", "")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if (
        request.content_type != StrictJsonParser.media_type
        or charset.strip('"').lower() not in _CHARSETS
        or encoding not in {"", "identity"}
    ):
        raise Refusal("unsupported_media_type")


def parse_object(body: bytes | str) -> dict[str, Any]:
    """Return the JSON object, or raise the 400 that says what is wrong."""
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        found = json.loads(
            text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant
        )
        # A lone surrogate cannot be stored or logged.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise invalid({"body": "The JSON is nested too deeply."}) from error
    except UnicodeError as error:
        raise invalid({"body": "The body is not UTF-8 text."}) from error
    except ValueError as error:
        raise invalid({"body": "The body is not valid JSON."}) from error
    if not isinstance(found, dict):
        raise invalid({"body": "The body must be a JSON object."})
    return found


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        duplicate = next(name for name in names if names.count(name) > 1)
        raise invalid({duplicate[:64]: "This field is given twice."})
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise invalid({"body": f"{name} is not valid JSON."})
