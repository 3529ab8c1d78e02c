"""REST and WebSocket of the local server, on one loopback port.

    server = RealtimeServer(api_key="sk-local", webhook_secret="whsec_…")
    async with server:
        call = server.ring(caller="+250788000001")
        headers, body = server.webhook(call)      # to our endpoint, signed
        call.script.append(replies.says("Hello"))
        call.say("good morning")

`OPENAI_BASE_URL` is `server.base_url`. Everything runs in the loop that entered it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from agents.simulator.realtime_server import webhooks
from agents.simulator.realtime_server.call import Responder, ServedCall
from agents.simulator.realtime_server.http import (
    Answer,
    Request,
    error_answer,
    not_found,
    read_request,
)
from agents.simulator.realtime_server.replies import SECONDS_A_WORD
from agents.simulator.realtime_server.rules import Refusal
from agents.simulator.realtime_server.socket import serve_socket

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Callable

CALLS = "/v1/realtime/calls/"
# Longer than anyone waits for an answer.
LOST_SECONDS = 30.0
VERBS = frozenset({"accept", "reject", "refer", "hangup"})


@dataclass
class RealtimeServer:
    api_key: str = field(default="sk-local-realtime", repr=False)
    webhook_secret: str = field(default="whsec_bG9jYWwtcmVhbHRpbWU=", repr=False)
    responder: Responder | None = None
    # How fast the agent speaks.
    seconds_a_word: float = SECONDS_A_WORD
    base_url: str = ""
    port: int = 0
    # Answers what is no request of OpenAI's; the key is checked before.
    other: Callable[[Request], Answer] | None = None
    calls: dict[str, ServedCall] = field(default_factory=dict)
    # Every request: verb, call and status.
    requests: list[tuple[str, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._failures: dict[str, deque[Answer]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._server is not None
        self._server.close()
        for call in self.calls.values():
            call.end("server")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ring(
        self, caller: str = "+250788000001", *, call_id: str = "", **more: Any
    ) -> ServedCall:
        """Let a call arrive; nothing is known of it until the webhook is delivered."""
        call_id = call_id or f"rtc_{secrets.token_hex(10)}"
        loop = asyncio.get_running_loop()
        more = {
            "responder": self.responder,
            "seconds_a_word": self.seconds_a_word,
            **more,
        }
        call = ServedCall(call_id, loop.call_later, caller=caller, **more)
        self.calls[call_id] = call
        return call

    def webhook(
        self,
        call: ServedCall,
        *,
        webhook_id: str = "",
        at: float | None = None,
        from_header: str | None = None,
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of the signed event; each delivery may repeat it."""
        moment = int(time.time() if at is None else at)
        event = webhooks.incoming(
            call.call_id, call.caller, moment, from_header=from_header
        )
        return self.signed(event, webhook_id or f"wh_{call.call_id}", moment)

    def signed(
        self, event: dict[str, Any], webhook_id: str, moment: int
    ) -> tuple[dict[str, str], bytes]:
        body = json.dumps(event).encode()
        headers = webhooks.signed_headers(
            body, webhook_id, moment, secret=self.webhook_secret
        )
        return headers, body

    def fail_next(
        self, verb: str, status: int, *, times: int = 1, code: str = "server_error"
    ) -> None:
        """Answer the next requests of this verb, or `sideband`, with an error."""
        failure = error_answer(status, Refusal(code, code))
        self._failures.setdefault(verb, deque()).extend([failure] * times)

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while request := await read_request(reader):
                if not await self._serve(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(
        self, request: Request, reader: StreamReader, writer: StreamWriter
    ) -> bool:
        """Answer one request; tell whether the connection stays open."""
        is_socket = request.headers.get("upgrade", "").lower() == "websocket"
        if await self._is_lost(request):
            return False
        answer = self._sideband(request) if is_socket else self._rest(request)
        if isinstance(answer, ServedCall):
            await serve_socket(answer, request, reader, writer)
            return False
        writer.write(answer.encoded())
        await writer.drain()
        return not is_socket

    async def _is_lost(self, request: Request) -> bool:
        """Tell whether the request gets no answer; its connection stays open."""
        call_id, _, verb = request.path.removeprefix(CALLS).partition("/")
        call = self.calls.get(call_id)
        if verb != "accept" or call is None or not call.loses_accepts:
            return False
        self.requests.append((verb, call_id, 0))
        if call.loses_accepts == "answer":
            self._do(verb, call_id, request.body)
        await asyncio.sleep(LOST_SECONDS)
        return True

    def _sideband(self, request: Request) -> Answer | ServedCall:
        call_id = request.query.get("call_id", "")
        found = self._checked(request, "sideband") or self._accepted(call_id)
        status = 101 if isinstance(found, ServedCall) else found.status
        self.requests.append(("sideband", call_id, status))
        return found

    def _rest(self, request: Request) -> Answer:
        if request.method == "GET" and request.path == "/v1/models":
            return self._checked(request, "models") or Answer(200, b'{"data": []}')
        call_id, _, verb = request.path.removeprefix(CALLS).partition("/")
        is_known = request.path.startswith(CALLS) and verb in VERBS
        if not is_known and self.other:
            return self._checked(request, "other") or self.other(request)
        if request.method != "POST" or not is_known:
            return error_answer(404, Refusal("not_found", "Invalid URL"))
        answer = self._checked(request, verb) or self._do(verb, call_id, request.body)
        self.requests.append((verb, call_id, answer.status))
        return answer

    def _checked(self, request: Request, verb: str) -> Answer | None:
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return error_answer(401, Refusal("invalid_api_key", "Incorrect API key"))
        failures = self._failures.get(verb)
        return failures.popleft() if failures else None

    def _accepted(self, call_id: str) -> Answer | ServedCall:
        call = self.calls.get(call_id)
        return call if call and call.state == "accepted" else not_found()

    def _do(self, verb: str, call_id: str, raw: bytes) -> Answer:
        wanted = {"accept": "ringing", "reject": "ringing"}.get(verb, "accepted")
        call = self.calls.get(call_id)
        if call is None or call.state != wanted:
            return not_found()
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            return error_answer(400, Refusal("invalid_json", "The body is no JSON."))
        try:
            perform(call, verb, body)
        except Refusal as refusal:
            return error_answer(400, refusal)
        return Answer(200, b"")


def perform(call: ServedCall, verb: str, body: Any) -> None:
    if verb == "accept":
        call.accept(body)
    elif verb == "reject":
        status = body.get("status_code", 603)
        if type(status) is not int or not 300 <= status <= 699:
            raise Refusal("invalid_value", "Invalid status code", "status_code")
        call.reject(status)
    elif verb == "refer":
        target = body.get("target_uri")
        if not isinstance(target, str) or not target.startswith(
            ("tel:", "sip:", "sips:")
        ):
            raise Refusal("invalid_value", "Invalid target", "target_uri")
        call.refer(target)
    else:
        call.hang_up()
