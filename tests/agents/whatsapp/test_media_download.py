from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from agents.whatsapp import media_download, payload
from agents.whatsapp.media_download import MediaError, extension_of, ogg_seconds
from tests import payloads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
PUBLIC = "157.240.1.1"


class Server:
    """A loopback Graph API with one medium; `answers` maps a path to an answer."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.url = ""

    def describes(self, url: str, **facts: Any) -> None:
        body = json.dumps({"url": url, **facts}).encode()
        self.answers["/v26.0/42"] = (200, {}, body)


@contextmanager
def serving() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            path = self.path.partition("?")[0]
            status, headers, body = told.answers.get(path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers and status == 200:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def graph(settings: SettingsWrapper) -> Iterator[Server]:
    with serving() as server:
        settings.WHATSAPP_API_URL = f"{server.url}/v26.0"
        settings.WA_TOKEN = "token"
        server.describes(f"{server.url}/file")
        server.answers["/file"] = (200, {}, PNG)
        yield server


async def fetch(kind: str = "image", **given: Any) -> media_download.DownloadedMedia:
    wanted = {"media_id": "42", "phone_number_id": "1", "kind": kind, **given}
    return await media_download.download(**wanted)


async def refused(**given: Any) -> str:
    with pytest.raises(MediaError) as raised:
        await fetch(**given)
    return raised.value.code


async def test_download__right_bytes__returned_with_their_hash(graph: Server) -> None:
    # When
    found = await fetch(told_sha256=hashlib.sha256(PNG).hexdigest())

    # Then
    assert (found.content, found.extension) == (PNG, "png")
    assert graph.asked == ["/v26.0/42?phone_number_id=1", "/file"]


@pytest.mark.parametrize("media_id", ["", "../me", "4 2", "４２", "1" * 33, "42\n"])
async def test_download__id_not_a_number__no_request(
    graph: Server, media_id: str
) -> None:
    assert await refused(media_id=media_id) == "bad_id"
    assert graph.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://evil.example/x",
        "https://graph.facebook.com.evil.example/x",
        "https://evilfbcdn.net/x",
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "https://user@lookaside.fbsbx.com/x",
        "file:///etc/passwd",
        "http://127.0.0.1:1/x",
        "//localhost/x",
        "not a url",
    ],
)
async def test_download__other_host__refused_without_a_request(
    graph: Server, url: str
) -> None:
    graph.describes(url)
    assert await refused() in {"forbidden_host", "bad_url", "no_url"}
    assert len(graph.asked) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.7"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:10.0.0.7"],
        ["2002:0a00:0007::"],
        ["fd00::1"],
        ["0.0.0.0"],
        ["224.0.0.1"],
        # One good address does not excuse the other.
        [PUBLIC, "192.168.1.1"],
    ],
)
async def test_download__allowed_host_with_a_private_address__refused(
    graph: Server, addresses: list[str]
) -> None:
    # Given
    graph.describes("https://lookaside.fbsbx.com/x")

    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "127.0.0.1" else addresses

    # Then
    assert await refused(resolver=resolver) == "private_address"


async def test_download__dns_rebinding__connects_to_the_checked_address(
    graph: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    graph.describes("https://lookaside.fbsbx.com/x")
    opened: list[str] = []
    original = media_download._open

    def noting(client: Any, url: Any, address: str) -> Any:
        opened.append(address)
        if address == PUBLIC:
            raise MediaError("stop")
        return original(client, url, address)

    monkeypatch.setattr(media_download, "_open", noting)
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "127.0.0.1" else next(answers)

    # When
    assert await refused(resolver=resolver) == "stop"

    # Then: never a name, which would be resolved a second time
    assert opened == ["127.0.0.1", PUBLIC]


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:1/inside", "https://evil.example/x", "file:///etc"]
)
async def test_download__redirect_to_another_host__refused(
    graph: Server, target: str
) -> None:
    graph.answers["/file"] = (302, {"Location": target}, b"")
    assert await refused() == "forbidden_host"


async def test_download__endless_redirects__refused(graph: Server) -> None:
    graph.answers["/file"] = (302, {"Location": "/file"}, b"")
    assert await refused() == "redirects"


async def test_download__too_large__refused(graph: Server) -> None:
    # Told beforehand, told by the header, and not told at all.
    graph.describes(f"{graph.url}/file", file_size=6_000_000)
    assert await refused() == "too_large"
    graph.describes(f"{graph.url}/file")
    graph.answers["/file"] = (200, {"Content-Length": "6000000"}, b"")
    assert await refused() == "too_large"
    graph.answers["/file"] = (
        200,
        {"Content-Length": "", "Connection": "close"},
        PNG + b"x" * 5_000_001,
    )
    assert await refused() in {"too_large", "no_connection"}


async def test_download__other_digest__refused(graph: Server) -> None:
    assert await refused(told_sha256="AAAA") == "other_bytes"
    graph.answers["/file"] = (200, {}, b"<html><script>")
    assert await refused() == "other_kind"


@pytest.mark.parametrize(("status", "code"), [(500, "http_5xx"), (404, "http_404")])
async def test_download__error_status__error_code(
    graph: Server, status: int, code: str
) -> None:
    graph.answers["/file"] = (status, {}, b"")
    assert await refused() == code


async def test_download__production_url__loopback_refused(
    graph: Server, settings: SettingsWrapper
) -> None:
    # Given
    settings.WHATSAPP_API_URL = "https://graph.facebook.com/v26.0"

    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    # Then
    assert await refused(resolver=resolver) == "private_address"
    assert graph.asked == []


def test_extension_of__other_kinds__empty() -> None:
    assert extension_of(b"GIF89a", "image") == ""
    assert extension_of(b"MZ\0\0", "document") == ""
    assert extension_of(b"a,b\n1,2\n", "document") == "txt"


def test_ogg_seconds__voice_note__length_of_the_last_page() -> None:
    page = b"OggS\0\4" + (48_000 * 7).to_bytes(8, "little") + b"\0" * 13
    assert ogg_seconds(b"OggS\0\0" + b"\0" * 21 + page) == 7.0
    assert ogg_seconds(b"ID3") is None


@pytest.mark.parametrize("media_id", ["../../me", "12a", "", "１２", 10**40, None])
def test_read__media_id_not_a_number__dropped(media_id: object) -> None:
    [item] = payload.read(payloads.webhook(payloads.message("image", {"id": media_id})))
    assert isinstance(item, payload.Inbound)
    assert item.media is not None
    assert item.media.id == ""


def test_read__voice_note__marked_as_voice() -> None:
    content = {"id": "42", "mime_type": "audio/ogg", "voice": True}
    [item] = payload.read(payloads.webhook(payloads.message("audio", content)))
    assert isinstance(item, payload.Inbound)
    assert item.media is not None
    assert (item.media.id, item.media.is_voice) == ("42", True)
