"""A loopback Graph API that is as strict as the real one.

    with FakeGraph() as graph:
        ...                     # WHATSAPP_API_URL = graph.url, WA_TOKEN = graph.token,
                                # WA_PHONE_ID = graph.phone_number_id, in any process
        graph.script(refuse(131047), lose_answer())
        graph.sent              # the messages it took, in order
        graph.rejected          # what the real API would not have understood
        graph.status_webhook(graph.sent[0], "delivered")    # bytes to sign and post

It listens on 127.0.0.1 from threads of its own. Scripted answers are taken in order;
without one a message that is right is taken. A lost answer has taken the message.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.request import Request, urlopen

from tests import payloads
from tests.fakes.graph_account import Account
from tests.fakes.graph_media import GivesMedia, MediaStore
from tests.fakes.graph_rules import RefusedError, check, check_upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.graph_rules import Json

VERSION = "v26.0"


@dataclass(frozen=True)
class Script:
    """What to do instead of taking the next message."""

    kind: Literal["refuse", "lose", "hang", "raw", "drop", "ok"]
    code: int = 0
    subcode: int | None = None
    http_status: int = 400
    seconds: float = 0.0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def refuse(
    code: int, http_status: int = 400, *, subcode: int | None = None, **headers: str
) -> Script:
    """Answer one of Meta's error codes."""
    return Script(
        "refuse", code=code, subcode=subcode, http_status=http_status, headers=headers
    )


def lose_answer() -> Script:
    """Take the message and close the connection without a word."""
    return Script("lose")


def drop() -> Script:
    """Close the connection without taking the message."""
    return Script("drop")


def hang(seconds: float = 30.0) -> Script:
    """Take the message, and answer much too late."""
    return Script("hang", seconds=seconds)


def raw(body: bytes, http_status: int = 200) -> Script:
    """Answer these bytes: HTML, half a body, nothing."""
    return Script("raw", body=body, http_status=http_status)


def accept() -> Script:
    return Script("ok")


@dataclass(frozen=True)
class Taken:
    """A message that the API took."""

    id: str
    body: dict[str, Any]
    at: float

    @property
    def text(self) -> str:
        if self.body["type"] == "interactive":
            return str(self.body["interactive"]["body"]["text"])
        if self.body["type"] == "image":
            return str(self.body["image"]["caption"])
        return str(self.body.get("text", {}).get("body", ""))

    @property
    def to(self) -> str:
        return str(self.body.get("to") or self.body.get("recipient"))

    @property
    def buttons(self) -> list[str]:
        """Return the ids of its buttons."""
        action = self.body.get("interactive", {}).get("action", {})
        return [button["reply"]["id"] for button in action.get("buttons", ())]


class FakeGraph:
    def __init__(
        self,
        *,
        token: str = "EAAtesttoken",
        phone_number_id: str = payloads.PHONE_NUMBER_ID,
        port: int = 0,
        on_taken: Callable[[Taken], None] | None = None,
    ) -> None:
        self.token = token
        self.phone_number_id = phone_number_id
        self.sent: list[Taken] = []
        self.read_receipts: list[str] = []
        self.rejected: list[str] = []
        # The messages that scripted refusals answered.
        self.refused: list[Json] = []
        # What people sent besides words: `graph.media.add(content, mime_type)`.
        self.media = MediaStore(phone_number_id=phone_number_id)
        # What we uploaded, and what is answered to uploads instead of an id.
        self.uploads: dict[str, bytes] = {}
        self.upload_script: Script | None = None
        # What it says of the number, the token and the account when asked.
        self.account = Account(phone_number_id=phone_number_id)
        self._on_taken = on_taken
        self._script: deque[Script] = deque()
        # What is refused every time: a part of the text, and the answer.
        self.poison: dict[str, Script] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{VERSION}"

    def close(self) -> None:
        """Listen no more, before it was ever entered: the API is down."""
        self._server.server_close()

    def tell(self, on_taken: Callable[[Taken], None]) -> None:
        """Call this for every message that is taken."""
        self._on_taken = on_taken

    def script(self, *answers: Script) -> None:
        self._script.extend(answers)

    def wait_for(self, count: int, seconds: float = 90.0) -> list[Taken]:
        """Return the messages taken so far, once there are ``count`` of them."""
        until = time.monotonic() + seconds
        while len(self.sent) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.sent) >= count, f"{len(self.sent)} of {count} messages came"
        return self.sent

    def status_webhook(
        self, taken: Taken, state: str = "delivered", **fields: Any
    ) -> bytes:
        """Return the body of the webhook that tells what became of a message."""
        opaque = taken.body.get("biz_opaque_callback_data", "")
        item = payloads.status(taken.id, state, opaque=opaque, **fields)
        return payloads.webhook(item, phone_number_id=self.phone_number_id)

    def post_status(self, url: str, secret: str, taken: Taken, state: str) -> int:
        """Post a signed status webhook to a running deployment."""
        body = self.status_webhook(taken, state)
        headers = payloads.signed(body, secret=secret)
        request = Request(url, body, headers | {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as response:
            return int(response.status)

    def take(self, payload: Json) -> Taken:
        with self._lock:
            taken = Taken(payloads.message_id(), payload, time.time())
            self.sent.append(taken)
        if self._on_taken:
            self._on_taken(taken)
        return taken

    def next_script(self) -> Script:
        with self._lock:
            return self._script.popleft() if self._script else accept()

    def sleep(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _handler(self) -> type[_Handler]:
        graph = self

        class Handler(_Handler):
            fake = graph

        return Handler


class _Handler(GivesMedia):
    protocol_version = "HTTP/1.1"
    fake: FakeGraph

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""

    def do_POST(self) -> None:  # noqa: N802 - the library's name
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        fake = self.fake
        try:
            if self.path.endswith("/media"):
                self._take_upload(body)
                return
            self._check_request()
            payload = check(body)
            self._check_media(payload)
        except RefusedError as error:
            fake.rejected.append(str(error))
            self._refuse(error.code, error.http_status, str(error))
            return
        if payload.get("status") == "read":
            fake.read_receipts.append(payload["message_id"])
            self._answer(200, b'{"success":true}')
            return
        self._play(self._poison_of(payload) or fake.next_script(), payload)

    def _take_upload(self, body: bytes) -> None:
        self._check_token()
        if self.path != f"/{VERSION}/{self.fake.phone_number_id}/media":
            raise RefusedError(100, f"Unsupported post request: {self.path}", 400)
        content = check_upload(self.headers.get("Content-Type", ""), body)
        script = self.fake.upload_script or accept()
        if script.kind != "ok":
            self._play(script, {})
            return
        media_id = self.fake.media.add(content, "image/png")
        self.fake.uploads[media_id] = content
        self._answer(200, json.dumps({"id": media_id}).encode())

    def _check_media(self, payload: Json) -> None:
        """Refuse an image that was not uploaded."""
        media_id = payload.get("image", {}).get("id")
        if media_id is not None and media_id not in self.fake.uploads:
            raise RefusedError(131053, "Media upload error", 400)

    def _poison_of(self, payload: Json) -> Script | None:
        text = json.dumps(payload)
        return next((s for part, s in self.fake.poison.items() if part in text), None)

    def _check_request(self) -> None:
        self._check_token()
        if self.path != f"/{VERSION}/{self.fake.phone_number_id}/messages":
            raise RefusedError(100, f"Unsupported post request: {self.path}", 400)
        if not self.headers.get("Content-Type", "").startswith("application/json"):
            raise RefusedError(100, "The body must be JSON", 400)

    def _play(self, script: Script, payload: Json) -> None:
        match script.kind:
            case "refuse":
                self.fake.refused.append(payload)
                self._refuse(
                    script.code,
                    script.http_status,
                    "scripted",
                    script.headers,
                    subcode=script.subcode,
                )
            case "raw":
                self._answer(script.http_status, script.body)
            case "drop":
                self.close_connection = True
            case "lose":
                self.fake.take(payload)
                self.close_connection = True
            case "hang":
                self.fake.take(payload)
                self.fake.sleep(script.seconds)
                self.close_connection = True
            case _:
                self._accept(payload)

    def _accept(self, payload: Json) -> None:
        taken = self.fake.take(payload)
        to = taken.to
        answer = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, "wa_id": to.lstrip("+")}],
            "messages": [{"id": taken.id}],
        }
        self._answer(200, json.dumps(answer).encode())

    def _refuse(
        self,
        code: int,
        http_status: int,
        message: str,
        headers: dict[str, str] | None = None,
        *,
        subcode: int | None = None,
    ) -> None:
        error: Json = {
            "message": f"(#{code}) {message}",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": message},
            "fbtrace_id": "Atesttrace",
        }
        if subcode is not None:
            error["error_subcode"] = subcode
        body = json.dumps({"error": error}).encode()
        self._answer(http_status, body, headers or {})

    def _answer(
        self,
        http_status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        kind: str = "application/json",
    ) -> None:
        self.send_response(http_status)
        for name, value in (headers or {}).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
