"""The Graph API's message endpoint, and what its answers mean.

developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpx2
from django.conf import settings

from agents.whatsapp.error_table import Action, TransportError, action_for

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_BODY = 4_096
LONGEST_BUTTON_BODY = 1_024
LONGEST_TITLE = 20
MOST_BUTTONS = 3
TIMEOUT = httpx2.Timeout(8.0, connect=3.0, pool=3.0)
# The whole exchange, also with a server that answers a byte at a time; shorter than
# the lease of a message that is being sent (services/outbox).
LONGEST_EXCHANGE_S = 12.0
# Meta answers in some hundred bytes.
LARGEST_ANSWER = 256 * 1024
# Before each exchange, and after it, every idle connection is looked at: few are kept.
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=8)

# A client belongs to the event loop that opened its connections.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = (
    WeakKeyDictionary()
)


@dataclass(frozen=True, slots=True)
class Address:
    """A number, or a user id where the number is not known: never both.

    With both `to` would win; with a number it keeps its "+", or Meta would put the
    business's own country before it.
    """

    number: str = ""
    bsuid: str = ""

    def as_fields(self) -> dict[str, str]:
        return {"to": self.number} if self.number else {"recipient": self.bsuid}


@dataclass(frozen=True, slots=True)
class Button:
    """One reply button."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Template:
    """An approved message, which may be sent outside the window."""

    name: str
    language: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """The number of ours that sends."""

    phone_number_id: str


async def send_text(line: Line, to: Address, body: str, *, opaque: str) -> str:
    """Send a text and return the provider's id of it."""
    text = {"body": body[:LONGEST_BODY], "preview_url": False}
    return await _send(line, to, {"type": "text", "text": text}, opaque)


async def send_buttons(
    line: Line, to: Address, body: str, buttons: Sequence[Button], *, opaque: str
) -> str:
    """Send a question with up to three buttons."""
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
    content = {"type": "interactive", "interactive": interactive}
    return await _send(line, to, content, opaque)


async def send_template(
    line: Line, to: Address, template: Template, *, opaque: str
) -> str:
    """Send an approved template with its parameters in their order."""
    parameters = [{"type": "text", "text": text} for text in template.parameters]
    content = {
        "name": template.name,
        "language": {"code": template.language},
        "components": [{"type": "body", "parameters": parameters}],
    }
    return await _send(line, to, {"type": "template", "template": content}, opaque)


async def mark_read_and_typing(line: Line, provider_id: str) -> None:
    """Show the person that her message was read and an answer is being written."""
    await _post(
        line,
        {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": provider_id,
            "typing_indicator": {"type": "text"},
        },
    )


async def close() -> None:
    """Close the running loop's connections."""
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()


async def _send(line: Line, to: Address, content: dict[str, Any], opaque: str) -> str:
    answer = await _post(
        line,
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **to.as_fields(),
            **content,
            "biz_opaque_callback_data": opaque,
        },
    )
    match answer:
        case {"messages": [{"id": str(provider_id)}, *_]} if provider_id:
            return provider_id
    raise TransportError("no_message_id", Action.RETRY, unknown_outcome=True)


async def _post(line: Line, payload: dict[str, Any]) -> object:
    url = _endpoint(settings.WHATSAPP_API_URL, line.phone_number_id)
    headers = {
        "Authorization": f"Bearer {settings.WA_TOKEN}",
        # Compressed bytes could grow past the bound after it was checked.
        "Accept-Encoding": "identity",
    }
    try:
        async with (
            asyncio.timeout(LONGEST_EXCHANGE_S),
            _client().stream("POST", url, json=payload, headers=headers) as response,
        ):
            content = await _bounded(response)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        # Nothing left this machine.
        raise TransportError("no_connection", Action.RETRY) from error
    except (httpx2.TransportError, httpx2.DecodingError, TimeoutError) as error:
        raise TransportError(
            "answer_lost", Action.RETRY, unknown_outcome=True
        ) from error
    return _read(response, content)


@cache
def _endpoint(base: str, number: str) -> httpx2.URL:
    return httpx2.URL(f"{base.rstrip('/')}/{number}/messages")


async def _bounded(response: httpx2.Response) -> bytes:
    """Return what was answered; nothing, where it is more than Meta ever answers."""
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > LARGEST_ANSWER:
            return b""
    return bytes(content)


def _read(response: httpx2.Response, content: bytes) -> object:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    code = _code(answer)
    # An error that comes with a good status is an error all the same.
    if response.is_success and code is None:
        if answer is None:
            raise TransportError("no_json", Action.RETRY, unknown_outcome=True)
        return answer
    raise TransportError(
        str(code) if code is not None else f"http_{response.status_code}",
        action_for(code, response.status_code),
        retry_after=_retry_after(response),
    )


def _code(answer: object) -> int | None:
    match answer:
        case {"error": {"code": int(code)}}:
            return code
    return None


def _retry_after(response: httpx2.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _client() -> httpx2.AsyncClient:
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = httpx2.AsyncClient(timeout=TIMEOUT, limits=LIMITS)
        _clients[loop] = client
    return client
