"""Malformed answers of the Graph API."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from agents.whatsapp import graph_client
from agents.whatsapp.error_table import TransportError
from agents.whatsapp.graph_client import Address, text_content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytest_django.fixtures import SettingsWrapper

RIGHT = b'{"messages": [{"id": "wamid.X"}]}'


class Odd:
    """A server with scripted answers that records its requests."""

    def __init__(self) -> None:
        self.status, self.headers, self.pieces = 200, dict[str, str](), [RIGHT]
        self.asked: list[str] = []
        self.sent_bytes = 0
        self.url = ""


@pytest.fixture
def odd() -> Iterator[Odd]:
    told = Odd()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for piece in told.pieces:
                    self.wfile.write(piece)
                    told.sent_bytes += len(piece)
            except OSError:
                """It hung up, as it should."""

        do_GET = do_POST  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(autouse=True)
async def _pointed(odd: Odd, settings: SettingsWrapper) -> AsyncIterator[None]:
    settings.WHATSAPP_API_URL, settings.WA_TOKEN = f"{odd.url}/v26.0", "token"
    yield
    await graph_client.close()


async def send() -> str:
    to = Address(number="+250788123456")
    return await graph_client.send("1", to, text_content("hello"), opaque="x")


async def test_send__right_answer__provider_id(odd: Odd) -> None:
    assert await send() == "wamid.X"
    assert odd.asked == ["/v26.0/1/messages"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "no_json"),
        (b"<html>", "no_json"),
        (b"[" * 100_000, "no_json"),
        (b"null", "no_json"),
        (b"[]", "no_message_id"),
        (b'{"messages": []}', "no_message_id"),
        (b'{"messages": [{"id": 7}]}', "no_message_id"),
        (b'{"messages": [{"id": ""}]}', "no_message_id"),
        (b'{"messages": {"id": "x"}}', "no_message_id"),
    ],
)
async def test_send__malformed_answer__outcome_unknown(
    odd: Odd, body: bytes, code: str
) -> None:
    odd.pieces = [body]

    with pytest.raises(TransportError) as raised:
        await send()

    assert (raised.value.code, raised.value.unknown_outcome) == (code, True)


async def test_send__huge_answer__not_read(odd: Odd) -> None:
    # Given: a hundred megabytes, and what would have been an answer
    odd.pieces = [b" " * 1_000_000] * 100 + [RIGHT]

    # When
    with pytest.raises(TransportError) as raised:
        await send()

    # Then
    assert raised.value.code == "no_json"
    assert odd.sent_bytes < 50_000_000


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_send__redirect__not_followed(odd: Odd, status: int) -> None:
    # Given
    odd.status, odd.headers = status, {"Location": f"{odd.url}/elsewhere"}

    # When
    with pytest.raises(TransportError) as raised:
        await send()

    # Then
    assert raised.value.code == f"http_{status}"
    assert odd.asked == ["/v26.0/1/messages"]
