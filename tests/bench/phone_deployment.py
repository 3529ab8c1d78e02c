"""Web, worker and the local Realtime server, for the benchmark of calls."""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agents.simulator.realtime_server.http import Answer
from tests.bench.turns import free_port, wait_for
from tests.fakes import openai_answers as say
from tests.fakes.graph import FakeGraph
from tests.fakes.openai import FakeOpenAI
from tests.fakes.realtime import FakeRealtime
from tests.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agents.simulator.realtime_server.call import ServedCall
    from agents.simulator.realtime_server.http import Request

WEBHOOK = "/functions/v1/ai-realtime-webhook"
WORKER = ("-m", "tests.bench.watched_worker")


@dataclass
class Running:
    """Web, worker, and the providers that they talk to."""

    url: str
    worker: Worker
    make_worker: Callable[[], Worker]
    graph: FakeGraph
    realtime: FakeRealtime
    lag: Path
    cast: Any = None
    # When a tool was asked for, and its result on the wire, by the tool call's id.
    asked: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    _count: int = 0

    def ring(self, count: int, *, a_second: float = 5.0) -> list[ServedCall]:
        """Let this number of people call; return the calls when all were greeted."""
        found = []
        for _ in range(count):
            self._count += 1
            call = self.realtime.ring(f"+25078{4_000_000 + self._count:07d}")
            self._watch(call)
            found.append(call)
            self.deliver(call)
            time.sleep(1 / a_second)
        until(lambda: all(call.heard for call in found), "greeted")
        return found

    def deliver(self, call: ServedCall, *, age_s: float = 0.0) -> float:
        """Deliver the webhook of the call; return how long it took in milliseconds."""
        at = time.time()
        headers, body = self.realtime.webhook(call, at=at)
        if age_s:
            event = json.loads(body) | {"created_at": int(at - age_s)}
            headers, body = self.realtime.server.signed(
                event, f"wh_{call.call_id}", int(at)
            )
        began = time.perf_counter()
        status = post(self.url + WEBHOOK, body, headers)
        assert status == 200, status
        return (time.perf_counter() - began) * 1e3

    def _watch(self, call: ServedCall) -> None:
        """Note when tools are asked for, and when their results arrive."""
        emit, receive = call.emit, call.receive

        def emitted(event: dict[str, Any], **more: Any) -> None:
            emit(event, **more)
            if event["type"] == "response.done":
                for item in event["response"]["output"]:
                    if item["type"] == "function_call":
                        self.asked[item["call_id"]] = time.perf_counter()

        def received(text: str) -> None:
            now = time.perf_counter()
            receive(text)
            item = json.loads(text).get("item") or {}
            if item.get("type") == "function_call_output":
                self.answered[item["call_id"]] = now

        call.emit, call.receive = emitted, received  # type: ignore[method-assign]


@contextmanager
def deployment(database_url: str) -> Iterator[Running]:
    lag = Path(tempfile.mkdtemp(prefix="easymo-calls-"), "lag")
    with FakeOpenAI() as openai, FakeGraph() as graph, FakeRealtime() as realtime:
        openai.respond_with(lambda _: say.text("I am here."))
        realtime.server.other = lambda request: forward(openai, request)
        settings: dict[str, Any] = {
            "database_url": database_url,
            "graph": graph,
            "LOG_LEVEL": "WARNING",
            "OPENAI_API_KEY": realtime.api_key,
            "OPENAI_BASE_URL": realtime.base_url,
            "OPENAI_RESPONSES_MODEL": "gpt-5-mini",
            "OPENAI_WEBHOOK_SECRET": realtime.webhook_secret,
            "ALLOWED_HOSTS": "127.0.0.1",
            "VOICE_MAX_CALLS": "200",
            "VOICE_DAILY_COST_USD": "10000",
            "BENCH_LAG": str(lag),
        }
        port = free_port()
        web = Worker(
            command=("-m", "easymo.web.server"),
            PORT=str(port),
            HOST="127.0.0.1",
            **settings,
        )
        with web, Worker(command=WORKER, **settings) as worker:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/healthz")
            until(lag.exists, "the worker")
            try:
                yield Running(
                    url,
                    worker,
                    lambda: Worker(command=WORKER, **settings),
                    graph,
                    realtime,
                    lag,
                )
            finally:
                web.stop(seconds=20)


def forward(openai: FakeOpenAI, request: Request) -> Answer:
    """Pass a request of the chat on to the stand-in of the Responses API."""
    address = urlsplit(openai.base_url)
    headers = {**request.headers, "authorization": f"Bearer {openai.api_key}"}
    line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        line.request(request.method, request.path, request.body, headers)
        answer = line.getresponse()
        return Answer(answer.status, answer.read())
    finally:
        line.close()


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    address = urlsplit(url)
    line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        line.request("POST", address.path, body, headers)
        return line.getresponse().status
    finally:
        line.close()


def until(condition: Callable[[], object], what: str, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)
