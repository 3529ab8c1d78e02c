"""A loopback OpenAI that is as strict as the real one.

    from tests.fakes import openai_answers as say
    from tests.fakes.openai import FakeOpenAI

    with FakeOpenAI() as openai:
        openai.script(say.call("lookup_customer", msisdn="+250788000000"), say.text("Hi"))
        ...                     # point OPENAI_BASE_URL at openai.base_url and
                                # OPENAI_API_KEY at openai.api_key, in any process
        openai.assert_complete()

It listens on 127.0.0.1 from a thread of its own, so a worker in another process reaches
it by its URL. Answers are taken from the script in order; when that is used up,
`openai.respond_with(function)` answers by the request's body (for many conversations at
once). `openai.requests` records bodies and headers. A request that the real API would
refuse gets the real API's refusal, takes nothing from the script, is kept in
`openai.rejected`, and fails `assert_complete()`. `say` also has the ways to fail:
`server_error()`, `rate_limited("1")`, `out_of_quota()`, `html()`, `hang()`, `drop()`,
`half_body()`, `slow_bytes()`, `refusal()`, `incomplete("…")`, `empty()`, ...

Voice notes have a script of their own: `openai.speak("hello", say.server_error())` is
what is heard in the next two; `openai.heard` holds the recordings.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from tests.fakes import openai_transcriptions as transcriptions
from tests.fakes.openai_answers import Answer, Failure, rendered
from tests.fakes.openai_items import check_items
from tests.fakes.openai_rules import (
    Broken,
    RefusedError,
    check_parameters,
    check_tools,
    is_reasoning,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.openai_transcriptions import Heard

TRANSCRIPTIONS = "/v1/audio/transcriptions"
type Reply = Answer | Failure


@dataclass(frozen=True)
class Recorded:
    headers: dict[str, str]
    body: dict[str, Any]


class FakeOpenAI:
    def __init__(
        self,
        *,
        api_key: str = "sk-test-loopback",
        models: tuple[str, ...] = ("gpt-5-mini", "gpt-4.1-mini"),
    ) -> None:
        self.api_key = api_key
        self.models = frozenset(models)
        self.base_url = ""
        self.requests: list[Recorded] = []
        self.rejected: list[Broken] = []
        # How often the models were listed.
        self.listed = 0
        # Ids of the responses that a request let OpenAI keep.
        self.stored: set[str] = set()
        # Recordings that came to be put into words.
        self.heard: list[Heard] = []
        self._script: deque[Reply] = deque()
        self._speech: deque[str | Failure] = deque()
        self._responder: Callable[[dict[str, Any]], Reply] | None = None
        self._unscripted = 0
        self._encrypted: set[str] = set()
        self._releases = asyncio.Semaphore(0)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60), "the fake OpenAI did not start"
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        self._loop.close()

    def script(self, *replies: Reply) -> None:
        self._script.extend(replies)

    def speak(self, *words: str | Failure) -> None:
        """Hear this in the next voice notes, or fail like that."""
        self._speech.extend(words)

    def respond_with(self, responder: Callable[[dict[str, Any]], Reply]) -> None:
        """Answer by this function, on the fake's thread, when the script is empty."""
        self._responder = responder

    def release(self) -> None:
        """Release one held answer."""
        self._loop.call_soon_threadsafe(self._releases.release)

    def assert_complete(self) -> None:
        """Every scripted answer was fetched, and nothing else was asked."""
        assert not self._script, f"{len(self._script)} scripted answers were not asked"
        assert not self._speech, f"{len(self._speech)} voice notes were not heard"
        assert not self._unscripted, f"{self._unscripted} requests had no answer"
        assert not self.rejected, f"refused: {self.rejected}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, backlog=1_024
        )
        port = server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self._ready.set()
        await self._stop.wait()
        server.close()
        # Also those that were accepted in this very moment.
        await asyncio.sleep(0)
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        # A transport closes its socket in a later round of the loop.
        await asyncio.sleep(0.01)

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if self._stop.is_set() else writer.close()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Serve one request; tell whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        reply, parsed = self._decide(first, headers, raw)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if isinstance(reply, Answer):
            if reply.held:
                await self._releases.acquire()
            reply = Failure(200, json.dumps(self._render(reply, parsed)).encode())
        return await _send(reply, writer)

    def _decide(
        self, first: str, headers: dict[str, str], raw: bytes
    ) -> tuple[Reply, dict[str, Any]]:
        try:
            if first.startswith(f"POST {TRANSCRIPTIONS} "):
                return self._hear(headers, raw), {}
            body = self._checked(first, headers, raw)
        except RefusedError as refused:
            self.rejected.append(refused.broken)
            said = json.dumps(refused.broken.body()).encode()
            return Failure(refused.broken.status, said), {}
        if first.startswith("GET"):
            return self._models(), {}
        self.requests.append(Recorded(headers, body))
        if self._script:
            return self._script.popleft(), body
        if self._responder:
            return self._responder(body), body
        self._unscripted += 1
        return Failure(500, b'{"error": {"message": "no scripted answer"}}'), body

    def _hear(self, headers: dict[str, str], raw: bytes) -> Failure:
        self._check_key(headers.get("authorization", ""))
        heard = transcriptions.parse(headers, raw)
        self.heard.append(heard)
        words = self._speech.popleft() if self._speech else None
        if isinstance(words, Failure):
            return words
        if words is None:
            self._unscripted += 1
            return Failure(500, b'{"error": {"message": "nothing to be heard"}}')
        return Failure(200, json.dumps(transcriptions.answer(heard, words)).encode())

    def _checked(self, first: str, headers: dict[str, str], raw: bytes) -> Any:
        method, path, _ = first.split(" ")
        if (method, path) not in {("POST", "/v1/responses"), ("GET", "/v1/models")}:
            raise RefusedError(Broken(f"Invalid URL ({method} {path})", status=404))
        self._check_key(headers.get("authorization", ""))
        if method == "GET":
            return {}
        if not headers.get("content-type", "").startswith("application/json"):
            message = "Unsupported content type. This API expects application/json."
            raise RefusedError(Broken(message, "unsupported_content_type"))
        try:
            body = json.loads(raw)
        except ValueError:
            message = "We could not parse the JSON body of your request."
            raise RefusedError(Broken(message)) from None
        check_parameters(body, self.models)
        if body.get("stream"):
            refuse("This fake does not stream.", None, "stream")
        earlier = body.get("previous_response_id")
        if earlier is not None and earlier not in self.stored:
            refuse(
                f"Previous response with id '{earlier}' not found.",
                "previous_response_not_found",
                "previous_response_id",
            )
        check_tools(body)
        check_items(body["input"], self._encrypted)
        return body

    def _models(self) -> Reply:
        """List the models; a scripted failure comes first, and nothing is recorded."""
        self.listed += 1
        if self._script and isinstance(self._script[0], Failure):
            return self._script.popleft()
        listed = [
            {"id": name, "object": "model", "created": 1, "owned_by": "system"}
            for name in sorted(self.models)
        ]
        return Failure(200, json.dumps({"object": "list", "data": listed}).encode())

    def _check_key(self, authorization: str) -> None:
        if not authorization.startswith("Bearer "):
            message = "Missing bearer authentication in header"
            raise RefusedError(Broken(message, status=401))
        if authorization != f"Bearer {self.api_key}":
            message = "Incorrect API key provided: sk-***."
            raise RefusedError(Broken(message, "invalid_api_key", status=401))

    def _render(self, answer: Answer, body: dict[str, Any]) -> Any:
        thought = None
        if is_reasoning(body["model"]) and answer.output:
            thought = f"gAAAAA{uuid4().hex}"
            self._encrypted.add(thought)
        response = rendered(answer, body, thought)
        if body.get("store", True):
            self.stored.add(response["id"])
        return response


async def _send(reply: Failure, writer: asyncio.StreamWriter) -> bool:
    if reply.mode == "hang":
        await asyncio.Event().wait()
    if reply.mode == "drop":
        return False
    length = len(reply.body) + (500 if reply.mode == "half" else 0)
    headers = {
        "content-type": reply.content_type,
        "content-length": str(length),
        "x-request-id": f"req_{uuid4().hex}",
        **reply.headers,
    }
    lines = [f"HTTP/1.1 {reply.status} Status"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if reply.mode == "slow":
        for byte in reply.body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)
    else:
        writer.write(reply.body)
        await writer.drain()
    return reply.mode == "whole"
