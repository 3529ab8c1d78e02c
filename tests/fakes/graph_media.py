"""Where the fake Graph API keeps what people sent: described by id, then fetched."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.graph_rules import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Kept:
    mime_type: str
    content: bytes = field(repr=False)


class MediaStore:
    """One number's media; a link dies when it was told to (`expired`)."""

    def __init__(self, *, phone_number_id: str) -> None:
        self.phone_number_id = phone_number_id
        self.kept: dict[str, Kept] = {}
        self.expired: set[str] = set()
        # Paths that were asked for, in order.
        self.asked: list[str] = []
        self._ids: Iterator[int] = itertools.count(4_242_000_000_001)

    def add(self, content: bytes, mime_type: str) -> str:
        """Keep what a person sends; return the id that the webhook tells."""
        media_id = str(next(self._ids))
        self.kept[media_id] = Kept(mime_type, content)
        return media_id

    def answer(self, target: str, *, base: str) -> tuple[int, str, bytes]:
        """Return status, content type and body for a path with its query."""
        self.asked.append(target)
        split = urlsplit(target)
        folder, _, media_id = split.path.rpartition("/")
        kept = self.kept.get(media_id)
        if kept is None or media_id in self.expired:
            return 404, "application/json", b"{}"
        if folder == "/media":
            return 200, kept.mime_type, kept.content
        number = parse_qs(split.query).get("phone_number_id")
        if number not in (None, [self.phone_number_id]):
            error = {"error": {"code": 100, "message": "Object does not exist"}}
            return 400, "application/json", json.dumps(error).encode()
        about = {
            "messaging_product": "whatsapp",
            "url": f"{base}/media/{media_id}",
            "mime_type": kept.mime_type,
            "sha256": hashlib.sha256(kept.content).hexdigest(),
            "file_size": len(kept.content),
            "id": media_id,
        }
        return 200, "application/json", json.dumps(about).encode()


class GivesMedia(BaseHTTPRequestHandler):
    """The part of the fake's handler that answers GET."""

    fake: Any

    def do_GET(self) -> None:
        try:
            self._check_token()
        except RefusedError as error:
            self.fake.rejected.append(str(error))
            self._refuse(error.code, error.http_status, str(error))
            return
        parts = urlsplit(self.path)
        if "fields=" in parts.query or not parts.path[-1:].isdigit():
            self._tell_of_account()
            return
        base = f"http://127.0.0.1:{self.fake.port}"
        status, kind, body = self.fake.media.answer(self.path, base=base)
        self._answer(status, body, kind=kind)

    def _tell_of_account(self) -> None:
        script = self.fake.next_script()
        if script.kind != "ok":
            self._play(script, {})
            return
        try:
            said = self.fake.account.answer(self.path, token=self.fake.token)
        except RefusedError as error:
            self._refuse(error.code, error.http_status, str(error))
        else:
            self._answer(200, json.dumps(said).encode())

    def _play(self, script: Any, payload: Any) -> None:
        raise NotImplementedError

    def _check_token(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.fake.token}":
            raise RefusedError(190, "Error validating access token", 401)

    def _refuse(self, code: int, http_status: int, message: str) -> None:
        raise NotImplementedError

    def _answer(self, http_status: int, body: bytes, *, kind: str = "") -> None:
        raise NotImplementedError
