"""Fetching what a person sent, from the places where Meta keeps it and nowhere else.

A webhook's word is a stranger's word: ids are digits, addresses belong to Meta over
https, and a name is resolved once, refused where it points into a private network, and
connected to at exactly the checked address, so that a second answer of the resolver
changes nothing. developers.facebook.com/documentation/business-messaging/whatsapp/
business-phone-numbers/media
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
from django.conf import settings

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

# Bytes that we take of each kind; Meta's own limits, but for files.
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
LONGEST_ANSWER = 65_536
EXCHANGE_S = 30.0
TIMEOUT = httpx2.Timeout(10.0, connect=3.0, pool=3.0)
# Worth another try: the network's trouble, not the message's.
RETRIED = frozenset({"no_connection", "timeout", "http_5xx", "http_429", "no_address"})

type Resolver = Callable[[str, int], Awaitable[list[str]]]


class MediaError(Exception):
    """What was sent is not to be had, or not to be taken; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The media could not be fetched: {code}.")
        self.code = code

    @property
    def permanent(self) -> bool:
        return self.code not in RETRIED


@dataclass(frozen=True, slots=True)
class DownloadedMedia:
    """The bytes, proven to be what was promised."""

    content: bytes
    sha256: bytes
    # By the first bytes.
    extension: str


@dataclass(frozen=True, slots=True)
class _Target:
    """One checked place: the address to connect to, and the name it goes by."""

    url: httpx2.URL
    address: str

    @property
    def connected(self) -> httpx2.URL:
        return self.url.copy_with(host=self.address)


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name."""
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
    """Return the bytes of one medium; raise MediaError."""
    if not MEDIA_ID.fullmatch(media_id):
        raise MediaError("bad_id")
    try:
        async with asyncio.timeout(EXCHANGE_S):
            return await _fetch(media_id, phone_number_id, kind, told_sha256, resolver)
    except TimeoutError as error:
        raise MediaError("timeout") from error
    except httpx2.TimeoutException as error:
        raise MediaError("timeout") from error
    except httpx2.HTTPError as error:
        raise MediaError("no_connection") from error


async def _fetch(
    media_id: str, phone_number_id: str, kind: str, told: str, resolver: Resolver
) -> DownloadedMedia:
    base = httpx2.URL(settings.WHATSAPP_API_URL.rstrip("/"))
    params = {"phone_number_id": phone_number_id}
    place = base.copy_with(path=f"{base.path.rstrip('/')}/{media_id}", params=params)
    async with httpx2.AsyncClient(
        timeout=TIMEOUT, trust_env=False, follow_redirects=False
    ) as client:
        about = await _describe(client, place, resolver)
        url = about.get("url")
        if not isinstance(url, str):
            raise MediaError("no_url")
        size = about.get("file_size")
        if isinstance(size, int) and size > LARGEST[kind]:
            raise MediaError("too_large")
        content, digest = await _download(client, url, LARGEST[kind], resolver)
    for promised in (told, about.get("sha256")):
        if isinstance(promised, str) and promised and not _agrees(digest, promised):
            raise MediaError("other_bytes")
    extension = extension_of(content, kind)
    if not extension:
        raise MediaError("other_kind")
    return DownloadedMedia(content, digest, extension)


async def _describe(
    client: httpx2.AsyncClient, place: httpx2.URL, resolver: Resolver
) -> dict[str, Any]:
    """Ask where the medium lies; the operator's own setting names the host."""
    target = await _checked(place, resolver)
    async with _open(client, target) as answer:
        _refuse_errors(answer)
        content = await _read(answer, LONGEST_ANSWER)
    try:
        about = httpx2.Response(200, content=content).json()
    except (ValueError, RecursionError) as error:
        raise MediaError("no_json") from error
    return about if isinstance(about, dict) else {}


async def _download(
    client: httpx2.AsyncClient, url: str, cap: int, resolver: Resolver
) -> tuple[bytes, bytes]:
    for _ in range(MOST_REDIRECTS + 1):
        target = await _checked(_parsed(url), resolver)
        async with _open(client, target) as answer:
            if not answer.is_redirect:
                _refuse_errors(answer)
                content = await _read(answer, cap)
                return content, hashlib.sha256(content).digest()
            url = str(target.url.join(answer.headers.get("Location", "")))
    raise MediaError("redirects")


def _parsed(url: str) -> httpx2.URL:
    try:
        return httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        raise MediaError("bad_url") from error


async def _checked(url: httpx2.URL, resolver: Resolver) -> _Target:
    """Return the one address that may be connected to for this URL."""
    may_be_loopback = _is_our_loopback(url)
    if not may_be_loopback and not _is_allowed(url):
        raise MediaError("forbidden_host")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        addresses = await resolver(url.host, port)
    except OSError as error:
        raise MediaError("no_address") from error
    if not addresses:
        raise MediaError("no_address")
    for address in addresses:
        if not _may_connect(address, loopback=may_be_loopback):
            raise MediaError("private_address")
    return _Target(url, addresses[0])


def _is_allowed(url: httpx2.URL) -> bool:
    host = url.host.lower()
    return (
        url.scheme == "https"
        and url.port in {None, 443}
        and not url.userinfo
        and (host in HOSTS or host.endswith(HOST_SUFFIX) or host == _api().host)
    )


def _is_our_loopback(url: httpx2.URL) -> bool:
    """Tell whether this is the very server that the tests name as the Graph API."""
    api = _api()
    return (
        _is_loopback(api.host)
        and (url.scheme, url.host, url.port) == (api.scheme, api.host, api.port)
        and not url.userinfo
    )


def _api() -> httpx2.URL:
    return httpx2.URL(settings.WHATSAPP_API_URL)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _may_connect(address: str, *, loopback: bool) -> bool:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if loopback:
        return ip.is_loopback
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped or ip.sixtofour or ip.teredo
    ):
        # An IPv4 address in disguise.
        return False
    return ip.is_global and not ip.is_multicast


def _open(
    client: httpx2.AsyncClient, target: _Target
) -> AbstractAsyncContextManager[httpx2.Response]:
    headers = {
        "Host": target.url.netloc.decode("ascii"),
        "Authorization": f"Bearer {settings.WA_TOKEN}",
        # Compressed bytes could grow past the cap after it was checked.
        "Accept-Encoding": "identity",
    }
    return client.stream(
        "GET",
        target.connected,
        headers=headers,
        # The certificate has to be that of the name, not of the address.
        extensions={"sni_hostname": target.url.host},
    )


def _refuse_errors(answer: httpx2.Response) -> None:
    status = answer.status_code
    if status >= 500:
        raise MediaError("http_5xx")
    if status != 200:
        raise MediaError(f"http_{status}")


async def _read(answer: httpx2.Response, cap: int) -> bytes:
    promised = answer.headers.get("Content-Length", "")
    if promised.isdigit() and int(promised) > cap:
        raise MediaError("too_large")
    content = bytearray()
    async for part in answer.aiter_raw(65_536):
        content += part
        if len(content) > cap:
            raise MediaError("too_large")
    return bytes(content)


def _agrees(digest: bytes, promised: str) -> bool:
    if promised.lower() == digest.hex():
        return True
    try:
        return base64.b64decode(promised, validate=True) == digest
    except (binascii.Error, ValueError):
        return False


# (kind, offset, beginning, extension)
BEGINNINGS = (
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
    # Today's office files are archives, and so are many others.
    ("document", 0, b"PK\x03\x04", "zip"),
    ("document", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"),
    ("document", 0, b"\xff\xd8\xff", "jpg"),
    ("document", 0, b"\x89PNG\r\n\x1a\n", "png"),
)
LOOKED_AT = 4_096
OGG_HEADER = 27
OPUS_RATE = 48_000


def extension_of(content: bytes, kind: str) -> str:
    """Return the extension that the bytes deserve; "" when they are not of the kind."""
    for of_kind, offset, beginning, extension in BEGINNINGS:
        if of_kind == kind and content.startswith(beginning, offset):
            return extension
    if kind == "document" and content and _is_text(content[:LOOKED_AT]):
        return "txt"
    return ""


def ogg_seconds(content: bytes) -> float | None:
    """Return how long a voice note is, by the clock of its last page; None if unsaid."""
    at = content.rfind(b"OggS")
    if at < 0 or len(content) < at + OGG_HEADER:
        return None
    ticks = int.from_bytes(content[at + 6 : at + 14], "little", signed=True)
    return ticks / OPUS_RATE if ticks >= 0 else None


def _is_text(beginning: bytes) -> bool:
    # A character may be cut in two at the end.
    text = beginning.decode("utf-8", "ignore")
    return b"\0" not in beginning and len(text.encode()) >= len(beginning) - 4
