"""The telephone exchange of this web process: the server that replaces OpenAI.

It listens on a loopback port with a key that only our processes know. The worker must
run on the same machine. Calls are in memory: they end with the process.
"""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.content.document import Topic
from agents.realtime import local
from agents.simulator.phone.line import Line
from agents.simulator.phone.offline_voice import OfflineVoice
from agents.simulator.realtime_server.http import Answer, Request, not_found
from agents.simulator.realtime_server.replies import SECONDS_A_WORD
from agents.simulator.realtime_server.server import RealtimeServer

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = "/phone/"
START_S = 10.0
# Ended calls are kept for their page; of the running ones there are a few at most.
MOST_RUNNING = 20
MOST_KEPT = 60
PACES = {"normal": SECONDS_A_WORD, "fast": 0.05}


@dataclass
class Exchange:
    port: int = 0
    lines: dict[str, Line] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ready = threading.Event()
        self._server = RealtimeServer(api_key=local.api_key(), other=self.control)

    def start(self) -> None:
        thread = threading.Thread(target=self._run, name="simulator-phone", daemon=True)
        thread.start()
        if not self._ready.wait(START_S):
            raise RuntimeError("The simulator's telephone did not start.")

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        async with self._server as server:
            self.port = server.port
            self._ready.set()
            await asyncio.Event().wait()

    def control(self, request: Request) -> Answer:
        """Act on a call: `POST /phone` makes one, `/phone/ID` shows or changes it."""
        call_id = request.path.removeprefix(ROOT)
        try:
            given = json.loads(request.body or b"{}")
            if request.path == ROOT and request.method == "POST":
                return _json(self._ring(given))
            line = self.lines.get(call_id)
            if line is None or not request.path.startswith(ROOT):
                return not_found()
            if request.method == "POST":
                ACTS[str(given["act"])](line, str(given.get("words", "")))
        except (ValueError, KeyError, TypeError):
            return Answer(400, b"{}")
        return _json(line.picture())

    def _ring(self, given: dict[str, Any]) -> dict[str, str]:
        self._forget()
        running = sum(line.is_running for line in self.lines.values())
        if running >= MOST_RUNNING:
            return {"call_id": ""}
        call = self._server.ring(
            str(given["caller"]),
            call_id=local.new_call_id(self.port),
            seconds_a_word=PACES[str(given["pace"])],
            transfer_works=not given["fails_transfer"],
            is_free=True,
        )
        topics = tuple(
            Topic(key, tuple(phrases)) for key, phrases in given["topics"].items()
        )
        self.lines[call.call_id] = Line(call, OfflineVoice(str(given["role"]), topics))
        return {"call_id": call.call_id}

    def _forget(self) -> None:
        """Drop the oldest calls that are over."""
        over = [key for key, line in self.lines.items() if not line.is_running]
        for key in over[: max(0, len(self.lines) - MOST_KEPT)]:
            del self.lines[key]
            del self._server.calls[key]


ACTS: dict[str, Callable[[Line, str], None]] = {
    "say": Line.say,
    "speak_over": Line.speak_over,
    "press": Line.press,
    "compose": lambda line, _: line.compose(),
    "silent": lambda line, _: line.stay_silent(),
    "hang_up": lambda line, _: line.leave(),
    "hang_up_in_tool": lambda line, _: line.leave_in_tool(),
    "fail_transfer": lambda line, _: line.fail_transfer(),
}


def _json(found: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(found).encode())


_lock = threading.Lock()
_here: list[Exchange] = []


def here() -> Exchange:
    """Return the exchange of this process; it starts with the first call."""
    with _lock:
        if not _here:
            exchange = Exchange()
            exchange.start()
            _here.append(exchange)
        return _here[0]
