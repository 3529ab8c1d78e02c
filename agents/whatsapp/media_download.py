"""Download media from Meta.

A webhook is not trusted: ids are digits, and media are downloaded only over https from
Meta's hosts. A host name is resolved once, refused when it has a private address, and
connected to at the checked address, so that another answer of the resolver has no
effect. developers.facebook.com/documentation/business-messaging/whatsapp/
business-phone-numbers/media
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import ipaddress
import json
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
from django.conf import settings

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

# In bytes; Meta's own limits, except for documents.
LARGEST = {
    "image": 5_000_000,
    "audio": 16_000_000,
    "video": 16_000_000,
    "document": 16_000_000,
}
MEDIA_ID = re.compile(r"[0-9]{1,32}", re.ASCII)
HOSTS = frozenset({"graph.facebook.com", "lookaside.fbsbx.com"})
HOST_SUFFIX = ".fbcdn.net"
MOST_REDIRECTS = 3
LARGEST_DESCRIPTION = 65_536
EXCHANGE_S = 30.0
TIMEOUT = httpx2.Timeout(10.0, connect=3.0, pool=3.0)
TRANSIENT = frozenset(
    {"no_connection", "timeout", "http_5xx", "http_429", "no_address"}
)
# (kind, offset, magic bytes, extension)
MAGIC_BYTES = (
    ("image", 0, b"\xff\xd8\xff", "jpg"),
    ("image", 0, b"\x89PNG\r\n\x1a\n", "png"),
    ("image", 8, b"WEBP", "webp"),
    ("audio", 0, b"OggS", "ogg"),
    ("audio", 0, b"ID3", "mp3"),
    ("audio", 0, b"#!AMR", "amr"),
    ("audio", 4, b"ftyp", "m4a"),
    ("audio", 0, b"\xff\xf1", "aac"),
    ("audio", 0, b"\xff\xf9", "aac"),
    ("audio", 0, b"\xff\xfb", "mp3"),
    ("audio", 0, b"\xff\xf3", "mp3"),
    ("audio", 0, b"\xff\xf2", "mp3"),
    ("video", 4, b"ftyp", "mp4"),
    ("document", 0, b"%PDF-", "pdf"),
    # Office files are archives, like many others.
    ("document", 0, b"PK\x03\x04", "zip"),
    ("document", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"),
    ("document", 0, b"\xff\xd8\xff", "jpg"),
    ("document", 0, b"\x89PNG\r\n\x1a\n", "png"),
)
INSPECTED_BYTES = 4_096
OGG_HEADER = 27
OPUS_RATE = 48_000

type Resolver = Callable[[str, int], Awaitable[list[str]]]


class MediaError(Exception):
    """The medium cannot be downloaded or is refused; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The media could not be fetched: {code}.")
        self.code = code

    @property
    def permanent(self) -> bool:
        return self.code not in TRANSIENT


@dataclass(frozen=True, slots=True)
class DownloadedMedia:
    """The verified content of a medium, and its extension by the magic bytes."""

    content: bytes
    sha256: bytes
    extension: str


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host name."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )
    return [str(entry[4][0]) for entry in found]


async def download(
    *,
    media_id: str,
    phone_number_id: str,
    kind: str,
    told_sha256: str = "",
    resolver: Resolver = resolve,
) -> DownloadedMedia:
    """Download one medium; raise MediaError."""
    if not MEDIA_ID.fullmatch(media_id):
        raise MediaError("bad_id")
    base = _api()
    params = {"phone_number_id": phone_number_id}
    url = base.copy_with(path=f"{base.path.rstrip('/')}/{media_id}", params=params)
    try:
        async with (
            asyncio.timeout(EXCHANGE_S),
            httpx2.AsyncClient(
                timeout=TIMEOUT, trust_env=False, follow_redirects=False
            ) as client,
        ):
            described = _parse(await _get(client, url, LARGEST_DESCRIPTION, resolver))
            size = described.get("file_size")
            if isinstance(size, int) and size > LARGEST[kind]:
                raise MediaError("too_large")
            content = await _get(
                client,
                _url(described.get("url")),
                LARGEST[kind],
                resolver,
                redirects=MOST_REDIRECTS,
            )
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise MediaError("timeout") from error
    except httpx2.HTTPError as error:
        raise MediaError("no_connection") from error
    return _verified(content, kind, (told_sha256, described.get("sha256")))


def _parse(content: bytes) -> dict[str, Any]:
    try:
        described = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MediaError("no_json") from error
    return described if isinstance(described, dict) else {}


def _verified(
    content: bytes, kind: str, digests: tuple[object, ...]
) -> DownloadedMedia:
    sha256 = hashlib.sha256(content).digest()
    for expected in digests:
        if isinstance(expected, str) and expected and not _matches(sha256, expected):
            raise MediaError("other_bytes")
    extension = extension_of(content, kind)
    if not extension:
        raise MediaError("other_kind")
    return DownloadedMedia(content, sha256, extension)


def _matches(sha256: bytes, expected: str) -> bool:
    if expected.lower() == sha256.hex():
        return True
    try:
        return base64.b64decode(expected, validate=True) == sha256
    except (binascii.Error, ValueError):
        return False


async def _get(
    client: httpx2.AsyncClient,
    url: httpx2.URL,
    limit: int,
    resolver: Resolver,
    *,
    redirects: int = 0,
) -> bytes:
    for _ in range(redirects + 1):
        address = await _checked_address(url, resolver)
        async with _open(client, url, address) as answer:
            if not (redirects and answer.is_redirect):
                return await _read(answer, limit)
            url = _url(str(url.join(answer.headers.get("Location", ""))))
    raise MediaError("redirects")


def _url(url: object) -> httpx2.URL:
    if not isinstance(url, str):
        raise MediaError("no_url")
    try:
        return httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        raise MediaError("bad_url") from error


def _open(
    client: httpx2.AsyncClient, url: httpx2.URL, address: str
) -> AbstractAsyncContextManager[httpx2.Response]:
    """Connect to the checked address in the name of the host."""
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Authorization": f"Bearer {settings.WA_TOKEN}",
        # A compressed answer could exceed the limit after decompression.
        "Accept-Encoding": "identity",
    }
    return client.stream(
        "GET",
        url.copy_with(host=address),
        headers=headers,
        # The certificate must be that of the host name.
        extensions={"sni_hostname": url.host},
    )


async def _read(answer: httpx2.Response, limit: int) -> bytes:
    if answer.status_code >= 500:
        raise MediaError("http_5xx")
    if answer.status_code != 200:
        raise MediaError(f"http_{answer.status_code}")
    length = answer.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > limit:
        raise MediaError("too_large")
    content = bytearray()
    async for part in answer.aiter_raw(65_536):
        content += part
        if len(content) > limit:
            raise MediaError("too_large")
    return bytes(content)


async def _checked_address(url: httpx2.URL, resolver: Resolver) -> str:
    """Return the address to connect to; raise MediaError for any forbidden one."""
    is_loopback = _is_loopback_api(url)
    if not is_loopback and not _is_allowed(url):
        raise MediaError("forbidden_host")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        addresses = await resolver(url.host, port)
    except OSError as error:
        raise MediaError("no_address") from error
    if not addresses:
        raise MediaError("no_address")
    if not all(_may_connect(each, is_loopback=is_loopback) for each in addresses):
        raise MediaError("private_address")
    return addresses[0]


def _api() -> httpx2.URL:
    return httpx2.URL(settings.WHATSAPP_API_URL.rstrip("/"))


def _is_allowed(url: httpx2.URL) -> bool:
    host = url.host.lower()
    return (
        url.scheme == "https"
        and url.port in {None, 443}
        and not url.userinfo
        and (host in HOSTS or host.endswith(HOST_SUFFIX) or host == _api().host)
    )


def _is_loopback_api(url: httpx2.URL) -> bool:
    """Tell whether the URL is at the loopback server that the tests configure."""
    api = _api()
    return (
        (api.host == "localhost" or _may_connect(api.host, is_loopback=True))
        and (url.scheme, url.host, url.port) == (api.scheme, api.host, api.port)
        and not url.userinfo
    )


def _may_connect(address: str, *, is_loopback: bool) -> bool:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if is_loopback:
        return ip.is_loopback
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped or ip.sixtofour or ip.teredo
    ):
        # These contain an IPv4 address.
        return False
    return ip.is_global and not ip.is_multicast


def extension_of(content: bytes, kind: str) -> str:
    """Return the extension by the magic bytes, or "" when they are of another kind."""
    for magic_kind, offset, magic, extension in MAGIC_BYTES:
        if magic_kind == kind and content.startswith(magic, offset):
            return extension
    if kind == "document" and content and _is_text(content[:INSPECTED_BYTES]):
        return "txt"
    return ""


def ogg_seconds(content: bytes) -> float | None:
    """Return the length of a voice note by its last page, or None."""
    at = content.rfind(b"OggS")
    if at < 0 or len(content) < at + OGG_HEADER:
        return None
    ticks = int.from_bytes(content[at + 6 : at + 14], "little", signed=True)
    return ticks / OPUS_RATE if ticks >= 0 else None


def _is_text(beginning: bytes) -> bool:
    # The last character may be incomplete.
    text = beginning.decode("utf-8", "ignore")
    return b"\0" not in beginning and len(text.encode()) >= len(beginning) - 4
