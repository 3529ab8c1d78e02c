"""Decide when the agent may ask for a response.

OpenAI makes one response at a time, and a response that begins while the caller speaks
is lost. So there is one writer for each call with three states: idle, responding and
caller speaking. What it is asked for waits here until the call is idle.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from agents.realtime import provider as neutral

ALREADY_ACTIVE = "conversation_already_has_active_response"
Event = dict[str, Any]


class State(StrEnum):
    IDLE = "idle"
    RESPONDING = "responding"
    CALLER_SPEAKING = "caller_speaking"


@dataclass
class Writer:
    """Pure: the verbs and `flush` return the events to send, in order."""

    # The response that was asked for or is being made.
    _asked: str = ""
    _active: str = ""
    _playing: str = ""
    _caller_speaks: bool = False
    _listens: bool = True
    _lines: deque[neutral.Line] = field(default_factory=deque)
    _wants_response: bool = False
    # What was asked for last, to ask again after a refusal.
    _asked_line: neutral.Line | None = None
    # The provider has a response of its own that its events did not show yet.
    _is_expected: bool = False
    # A response has carried our reference: the provider repeats it.
    _is_repeated: bool = False
    _count: int = 0

    @property
    def state(self) -> State:
        if self._asked or self._active or self._is_expected:
            return State.RESPONDING
        speaks = self._caller_speaks and self._listens
        return State.CALLER_SPEAKING if speaks else State.IDLE

    @property
    def is_waiting(self) -> bool:
        return self._wants_response or bool(self._lines)

    @property
    def is_playing(self) -> bool:
        return bool(self._playing)

    def next_id(self) -> str:
        self._count += 1
        return f"evt_{self._count}"

    def want_response(self) -> list[Event]:
        """Any number of wishes before the next response become one."""
        self._wants_response = True
        return self.flush()

    def want_line(self, line: neutral.Line) -> list[Event]:
        self._lines.append(line)
        return self.flush()

    def listen(self, *, is_on: bool) -> None:
        """While it is off, what the caller says delays nothing."""
        self._listens = is_on
        self._caller_speaks = False

    def drop_wanted(self) -> None:
        self._lines.clear()
        self._wants_response = False
        self._asked_line = None

    def stop_speaking(self) -> list[Event]:
        """Cancel what is made, then clear what is played; never truncate on SIP."""
        events: list[Event] = []
        if self._active:
            events.append(self._event("response.cancel", response_id=self._active))
        if self._playing or self._active:
            events.append(self._event("output_audio_buffer.clear"))
        return events

    def attributed(self, event: neutral.VoiceEvent) -> neutral.VoiceEvent:
        """Return the event with our reference, where no response has carried one yet."""
        if not isinstance(event, neutral.ResponseStarted):
            return event
        self._is_repeated |= bool(event.reference)
        if self._is_repeated or self._is_expected or not self._asked:
            return event
        line = self._asked_line.name if self._asked_line else ""
        return replace(event, reference=self._asked, line=line)

    def observe(self, event: neutral.VoiceEvent) -> None:
        """Follow the provider's state."""
        match event:
            case neutral.CallerStarted():
                self._caller_speaks = True
            case neutral.CallerStopped() | neutral.CallerCommitted():
                self._caller_speaks = False
            case neutral.CallerSilent():
                self._caller_speaks, self._is_expected = False, True
            case neutral.ResponseStarted():
                self._started(event)
            case neutral.ResponseEnded():
                self._ended(event)
            case neutral.PlaybackStarted():
                self._playing = event.response_id
            case neutral.PlaybackEnded():
                self._playing = ""
            case neutral.ProviderFault():
                self._refused(event)
            case _:
                pass

    def _started(self, event: neutral.ResponseStarted) -> None:
        self._active, self._is_expected = event.response_id, False
        if event.reference == self._asked:
            self._asked, self._asked_line = "", None

    def _ended(self, event: neutral.ResponseEnded) -> None:
        self._is_expected = False
        if event.response_id == self._active:
            self._active = ""

    def _refused(self, fault: neutral.ProviderFault) -> None:
        if not self._asked or fault.event_id != self._asked:
            return
        if fault.code == ALREADY_ACTIVE:
            # Ask again when the response that is active has ended.
            self._is_expected = not self._active
            if self._asked_line:
                self._lines.appendleft(self._asked_line)
            else:
                self._wants_response = True
        self._asked, self._asked_line = "", None

    def give_up(self) -> list[Event]:
        """Forget a response that never showed; go on with what waits."""
        self._asked = self._active = ""
        self._asked_line, self._is_expected = None, False
        return self.flush()

    def flush(self) -> list[Event]:
        """Return what may be sent now: a line first, then one response."""
        if self.state is not State.IDLE:
            return []
        if self._lines:
            return [self._speak(self._lines.popleft())]
        if self._wants_response:
            self._wants_response = False
            return [self._ask({})]
        return []

    def _speak(self, line: neutral.Line) -> Event:
        event = self._ask(
            {
                "instructions": (
                    "Say exactly the following words, in their language, and nothing "
                    f"before or after them:\n{line.text}"
                ),
                "tool_choice": "none",
            },
            line.name,
        )
        self._asked_line = line
        return event

    def _ask(self, response: dict[str, Any], line: str = "") -> Event:
        event = self._event("response.create")
        self._asked = event["event_id"]
        metadata = {"reference": self._asked} | ({"line": line} if line else {})
        event["response"] = response | {"metadata": metadata}
        return event

    def _event(self, kind: str, **fields: Any) -> Event:
        return {"type": kind, "event_id": self.next_id(), **fields}
