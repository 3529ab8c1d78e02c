"""The Graph API's message endpoint.

developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpx2
from django.conf import settings

from agents.whatsapp.error_table import (
    ANSWER_LOST,
    NO_CONNECTION,
    TransportError,
    stored_code,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_BODY = 4_096
LONGEST_BUTTON_BODY = 1_024
LONGEST_CAPTION = 1_024
LONGEST_TITLE = 20
MOST_BUTTONS = 3
PNG = "image/png"
TIMEOUT = httpx2.Timeout(8.0, connect=3.0, pool=3.0)
# The whole exchange, also with a server that answers byte by byte; shorter than the
# lease of a message that is being sent.
LONGEST_EXCHANGE_S = 12.0
LARGEST_ANSWER = 256 * 1024
LONGEST_CHECK_S = 5.0
# Upload and sending together are shorter than the lease.
LONGEST_UPLOAD_S = 5.0
TOKEN_CODES = ("0", "190")
# Every idle connection is checked before and after each exchange: few are kept.
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=8)

# A client belongs to the event loop that opened its connections.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = (
    WeakKeyDictionary()
)


@dataclass(frozen=True, slots=True)
class Address:
    """A number, or a user id when the number is unknown; never both.

    With both, `to` would win. The number keeps its "+": without it Meta adds the
    country code of the business.
    """

    number: str = ""
    bsuid: str = ""

    def as_fields(self) -> dict[str, str]:
        return {"to": self.number} if self.number else {"recipient": self.bsuid}


@dataclass(frozen=True, slots=True)
class Button:
    """A reply button."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Template:
    """An approved message, which is allowed outside the 24-hour window."""

    name: str
    language: str
    parameters: tuple[str, ...]


def text_content(body: str) -> dict[str, Any]:
    text = {"body": body[:LONGEST_BODY], "preview_url": False}
    return {"type": "text", "text": text}


def image_content(media_id: str, caption: str) -> dict[str, Any]:
    """Return an uploaded image with a text below it."""
    image = {"id": media_id, "caption": caption[:LONGEST_CAPTION]}
    return {"type": "image", "image": image}


def buttons_content(body: str, buttons: Sequence[Button]) -> dict[str, Any]:
    """Return a question with up to three buttons."""
    interactive = {
        "type": "button",
        "body": {"text": body[:LONGEST_BUTTON_BODY]},
        "action": {
            "buttons": [
                {
                    "type": "reply",
                    "reply": {"id": button.id, "title": button.title[:LONGEST_TITLE]},
                }
                for button in buttons[:MOST_BUTTONS]
            ]
        },
    }
    return {"type": "interactive", "interactive": interactive}


def template_content(template: Template) -> dict[str, Any]:
    parameters = [{"type": "text", "text": text} for text in template.parameters]
    content = {
        "name": template.name,
        "language": {"code": template.language},
        "components": [{"type": "body", "parameters": parameters}],
    }
    return {"type": "template", "template": content}


async def send(
    phone_number_id: str, to: Address, content: dict[str, Any], *, opaque: str
) -> str:
    """Send a message and return the provider's id."""
    answer = await _post(
        phone_number_id,
        {
            "recipient_type": "individual",
            **to.as_fields(),
            **content,
            "biz_opaque_callback_data": opaque,
        },
    )
    match answer:
        case {"messages": [{"id": str(provider_id)}, *_]} if provider_id:
            return provider_id
    raise TransportError("no_message_id", unknown_outcome=True)


async def upload_png(phone_number_id: str, content: bytes) -> str:
    """Upload an image for one message; return the id under which it can be sent.

    developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
    """
    url = _node(settings.WHATSAPP_API_URL, f"{phone_number_id}/media")
    try:
        async with asyncio.timeout(LONGEST_UPLOAD_S):
            answer = await _exchange(
                "POST",
                url,
                data={"messaging_product": "whatsapp", "type": PNG},
                files={"file": ("voucher.png", content, PNG)},
            )
    except TimeoutError as error:
        raise TransportError(ANSWER_LOST) from error
    match answer:
        case {"id": str(media_id)} if media_id:
            return media_id
    raise TransportError("no_media_id")


async def check_sender(phone_number_id: str, *, code: str) -> None:
    """Raise ``TransportError`` while Meta reports the trouble ``code`` of the number.

    It sends nothing. Any other answer is inconclusive: the token may lack the
    permission to ask.
    """
    url = _node(settings.WHATSAPP_API_URL, phone_number_id)
    try:
        async with asyncio.timeout(LONGEST_CHECK_S):
            answer = await _exchange("GET", url, params={"fields": "health_status"})
    except (TransportError, TimeoutError) as error:
        if isinstance(error, TransportError) and error.code in {code, *TOKEN_CODES}:
            raise
        return
    match answer:
        case {"health_status": {"can_send_message": "BLOCKED"}}:
            raise TransportError(code)


async def mark_read_and_typing(phone_number_id: str, provider_id: str) -> None:
    """Mark a message as read and show the typing indicator."""
    await _post(
        phone_number_id,
        {
            "status": "read",
            "message_id": provider_id,
            "typing_indicator": {"type": "text"},
        },
    )


async def close() -> None:
    """Close the connections of the running event loop."""
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()


async def _post(phone_number_id: str, fields: dict[str, Any]) -> object:
    url = _endpoint(settings.WHATSAPP_API_URL, phone_number_id)
    return await _exchange(
        "POST", url, json={"messaging_product": "whatsapp", **fields}
    )


async def _exchange(method: str, url: httpx2.URL, **content: Any) -> object:
    headers = {
        "Authorization": f"Bearer {settings.WA_TOKEN}",
        # A compressed answer could exceed the limit after decompression.
        "Accept-Encoding": "identity",
    }
    try:
        async with (
            asyncio.timeout(LONGEST_EXCHANGE_S),
            _client().stream(method, url, headers=headers, **content) as response,
        ):
            body = await _read_limited(response)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        # Nothing was sent.
        raise TransportError(NO_CONNECTION) from error
    except (httpx2.TransportError, httpx2.DecodingError, TimeoutError) as error:
        raise TransportError(ANSWER_LOST, unknown_outcome=True) from error
    return _parse(response, body)


@cache
def _node(base: str, number: str) -> httpx2.URL:
    return httpx2.URL(f"{base.rstrip('/')}/{number}")


@cache
def _endpoint(base: str, number: str) -> httpx2.URL:
    return httpx2.URL(f"{base.rstrip('/')}/{number}/messages")


async def _read_limited(response: httpx2.Response) -> bytes:
    """Return the answer, or nothing when it is larger than any answer of Meta."""
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > LARGEST_ANSWER:
            return b""
    return bytes(content)


def _parse(response: httpx2.Response, content: bytes) -> object:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    error = _error_in(answer)
    # An error with a success status is an error too.
    if response.is_success and error is None:
        if answer is None:
            raise TransportError("no_json", unknown_outcome=True)
        return answer
    code = _integer(error, "code")
    retry_after = response.headers.get("Retry-After", "")
    is_number = retry_after.isascii() and retry_after.isdigit()
    raise TransportError(
        f"http_{response.status_code}"
        if code is None
        else stored_code(code, _integer(error, "error_subcode")),
        retry_after=float(retry_after[:10]) if is_number else None,
    )


def _error_in(answer: object) -> object:
    """Return the error of an answer, whatever its shape, or None."""
    if not isinstance(answer, dict):
        return None
    errors = answer.get("errors")
    return answer.get("error") or (
        errors[0] if isinstance(errors, list) and errors else errors
    )


def _integer(error: object, name: str) -> int | None:
    """Return a code, which some gateways write as a text."""
    value = error.get(name) if isinstance(error, dict) else None
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value, re.ASCII):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < 10**10 else None


def _client() -> httpx2.AsyncClient:
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = httpx2.AsyncClient(timeout=TIMEOUT, limits=LIMITS)
    return _clients[loop]
