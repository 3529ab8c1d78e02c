"""One call as OpenAI sees it: a strict state machine without sockets.

The client's events come in by `receive`, the caller acts by the verbs of the phone, and
what the server sends goes to the links that are attached.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from agents.simulator.realtime_server import rules
from agents.simulator.realtime_server.replies import SECONDS_A_WORD, Reply
from agents.simulator.realtime_server.response import ServedResponse
from agents.simulator.realtime_server.rules import Refusal
from agents.simulator.realtime_server.voice_activity import VoiceActivity

if TYPE_CHECKING:
    from asyncio import TimerHandle

LIFETIME_SECONDS = 3_600.0
TRANSFER_SECONDS = 1.0
NORMAL = 1000
# A lost connection: no close frame is sent.
ABNORMAL = 1006
Event = dict[str, Any]
Later = Callable[[float, Callable[[], None]], "TimerHandle"]
Responder = Callable[["ServedCall", Event], Reply]


class Link(Protocol):
    """One attached sideband."""

    def send(self, text: str) -> None: ...

    def close(self, code: int) -> None: ...


@dataclass
class ServedCall:
    call_id: str
    later: Later
    caller: str = ""
    responder: Responder | None = None
    # A transfer that is answered 200 may have no effect on the line.
    transfer_works: bool = True
    seconds_a_word: float = SECONDS_A_WORD
    # No model is paid for: every response and transcript used no tokens.
    is_free: bool = False
    # Every change of the session is refused.
    refuses_updates: bool = False
    # How accepts fail: without an answer, or with an effect and without an answer.
    loses_accepts: Literal["", "request", "answer"] = ""
    state: str = "ringing"
    ended_by: str = ""
    session: Event = field(default_factory=dict)
    # An audio format was set: the caller hears noise while transcripts go on.
    is_corrupted: bool = False
    # Everything that the client sent, what was refused, and what was sent to it.
    received: list[Event] = field(default_factory=list)
    refusals: list[Event] = field(default_factory=list)
    sent: list[Event] = field(default_factory=list)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    transfers: list[str] = field(default_factory=list)
    accepts: int = 0
    rejected_with: int | None = None
    # The words of every response that were played to their end.
    heard: list[str] = field(default_factory=list)
    attached: int = 0

    def __post_init__(self) -> None:
        self.script: deque[Reply] = deque()
        self.links: list[Link] = []
        self.response: ServedResponse | None = None
        self.responses: list[ServedResponse] = []
        self.has_spoken = False
        self.activity = VoiceActivity(self)
        self._lifetime: TimerHandle | None = None
        self._count = 0

    # The REST side.

    def accept(self, payload: Any) -> None:
        """Take the call; a wrong payload is not refused, but no session begins."""
        self.accepts += 1
        try:
            rules.check_session(payload, prefix="")
            if not payload.get("model"):
                raise rules.missing("model")
        except Refusal as refusal:
            self.state = "dead"
            self.refusals.append(refusal.body())
            return
        self._take_session(payload)
        self.state = "accepted"
        self._lifetime = self.later(LIFETIME_SECONDS, self.expire)

    def reject(self, status: int) -> None:
        self.rejected_with = status
        self.state = "rejected"

    def refer(self, target: str) -> None:
        self.transfers.append(target)
        if self.transfer_works:
            self.later(TRANSFER_SECONDS, lambda: self.end("transfer"))

    def hang_up(self) -> None:
        self.end("hangup")

    # The caller's side.

    def leave(self, code: int = NORMAL) -> None:
        """The caller hangs up: the socket closes at once, and nothing is drained."""
        self.end("caller", code)

    def press(self, digits: str) -> None:
        for digit in digits:
            self.emit(
                {
                    "type": "input_audio_buffer.dtmf_event_received",
                    "event": digit,
                    "received_at": 1_760_000_000,
                },
                with_id=False,
            )
        self.activity.postpone_idle()

    def start_speaking(self) -> str:
        return self.activity.start_speaking()

    def stop_speaking(self, words: str | None = None, **more: Any) -> str:
        return self.activity.stop_speaking(words, **more)

    def say(self, words: str, **more: Any) -> str:
        self.start_speaking()
        return self.stop_speaking(words, **more)

    # What may happen to a call.

    def expire(self) -> None:
        """End after 60 minutes, as the session's limit does."""
        if self.state != "accepted":
            return
        expired = Refusal("session_expired", "Your session hit the maximum duration.")
        self._refuse(expired, None)
        self.end("expired")

    def drop(self, code: int = ABNORMAL) -> None:
        """Close every socket of a call that goes on."""
        links, self.links = self.links, []
        for link in links:
            link.close(code)

    def end(self, by: str, code: int = NORMAL) -> None:
        if self.state in {"ended", "rejected"}:
            return
        self.state, self.ended_by = "ended", by
        if self._lifetime:
            self._lifetime.cancel()
        self.activity.stop()
        for response in self.responses:
            response.stop_timers()
        self.drop(code)

    # The sideband.

    def attach(self, link: Link) -> None:
        self.links.append(link)
        self.attached += 1
        # Not replayed to a second connection.
        if self.attached == 1:
            link.send(json.dumps(self._event("session.created", session=self.session)))

    def detach(self, link: Link) -> None:
        if link in self.links:
            self.links.remove(link)

    def receive(self, text: str) -> None:
        """Take one event of the client, or answer with an error."""
        event_id = None
        try:
            event = json.loads(text)
            event_id = event.get("event_id") if isinstance(event, dict) else None
            rules.check_event(event)
            self.received.append(event)
            HANDLERS[event["type"]](self, event)
        except Refusal as refusal:
            self._refuse(refusal, event_id)
        except ValueError:
            self._refuse(Refusal("invalid_json", "The event is no JSON."), event_id)

    def emit(self, event: Event, *, with_id: bool = True) -> None:
        if self.state == "ended":
            return
        if with_id:
            event = {"event_id": self.new_id("event"), **event}
        self.sent.append(event)
        text = json.dumps(event)
        for link in list(self.links):
            link.send(text)

    def respond(self, parameters: Event, reply: Reply | None = None) -> None:
        """Begin a response; lines of the client come before the script."""
        reply = reply or self._reply(parameters)
        self.activity.cancel_idle()
        self.response = ServedResponse(self, reply, parameters)
        self.responses.append(self.response)
        self.response.begin()

    def release(self) -> None:
        """Let a held response end."""
        if self.response:
            self.response.finish()

    def new_id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self.call_id[-6:]}_{self._count}"

    @property
    def is_responding(self) -> bool:
        return self.response is not None and self.response.is_active

    @property
    def playing(self) -> ServedResponse | None:
        return next((one for one in self.responses if one.is_playing), None)

    def _reply(self, parameters: Event) -> Reply:
        instructions = parameters.get("instructions")
        if instructions and parameters.get("tool_choice") == "none":
            return Reply(words=instructions.partition("\n")[2])
        if self.script:
            return self.script.popleft()
        return self.responder(self, parameters) if self.responder else Reply("Yes?")

    def _event(self, kind: str, **fields: Any) -> Event:
        return {"type": kind, "event_id": self.new_id("event"), **fields}

    def _refuse(self, refusal: Refusal, event_id: str | None) -> None:
        body = refusal.body(event_id)
        self.refusals.append(body)
        self.emit({"type": "error", "error": body})

    def _take_session(self, session: Event) -> None:
        self.is_corrupted |= rules.has_audio_format(session)
        self.session = rules.merged(self.session, session)

    def _update(self, event: Event) -> None:
        if "session" not in event:
            raise rules.missing("session")
        session = event["session"]
        rules.check_session(session)
        if self.refuses_updates:
            raise rules.invalid_value("session")
        output = session.get("audio", {}).get("output", {})
        old = self.session.get("audio", {}).get("output", {}).get("voice")
        if self.has_spoken and output.get("voice", old) != old:
            raise Refusal(
                "cannot_update_voice",
                "Cannot update a conversation's voice if assistant audio is present.",
                "session.audio.output.voice",
            )
        self._take_session(session)
        self.emit({"type": "session.updated", "session": self.session})

    def _create_response(self, event: Event) -> None:
        rules.check_response(event.get("response", {}))
        if self.is_responding and self.response:
            raise Refusal(
                "conversation_already_has_active_response",
                "Conversation already has an active response in progress: "
                f"{self.response.response_id}.",
            )
        self.respond(event.get("response", {}))

    def _cancel(self, event: Event) -> None:
        response = self.response
        wanted = event.get("response_id")
        is_other = wanted and response and response.response_id != wanted
        if not response or not response.is_active or is_other:
            raise Refusal(
                "response_cancel_not_active",
                "Cancellation failed: no active response found.",
            )
        response.cut("client_cancelled")

    def _clear(self, _event: Event) -> None:
        self.clear()

    def clear(self) -> None:
        """Drop all audio that was not heard yet."""
        for response in self.responses:
            response.clear()

    def play_next(self) -> bool:
        """Play the next response that was made, if none is heard now."""
        waiting = [one for one in self.responses if one.is_queued]
        if waiting and not self.playing:
            waiting[0].play()
        return bool(waiting)

    def _create_item(self, event: Event) -> None:
        item = event.get("item")
        rules.check_item(item)
        assert isinstance(item, dict)
        if item["type"] == "function_call_output":
            self._take_output(item)
        item = {"id": self.new_id("item"), "object": "realtime.item", **item}
        self.emit({"type": "conversation.item.added", "item": item})
        self.emit({"type": "conversation.item.done", "item": item})

    def _take_output(self, item: Event) -> None:
        if item["call_id"] not in self.outputs:
            raise Refusal(
                "invalid_tool_call_id",
                f"Tool call ID '{item['call_id']}' not found in conversation.",
                "item.call_id",
            )
        self.outputs[item["call_id"]].append(item["output"])

    def _ignore(self, _event: Event) -> None:
        """The client does not need it on SIP."""


HANDLERS: dict[str, Callable[[ServedCall, Event], None]] = dict.fromkeys(
    rules.EVENT_KEYS, ServedCall._ignore
) | {
    "session.update": ServedCall._update,
    "response.create": ServedCall._create_response,
    "response.cancel": ServedCall._cancel,
    "output_audio_buffer.clear": ServedCall._clear,
    "conversation.item.create": ServedCall._create_item,
}
