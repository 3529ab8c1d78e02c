"""The caller's side of one call: what is said and pressed, and when.

All methods run in the loop of the server that holds the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.simulator.phone.offline_voice import OfflineVoice
    from agents.simulator.realtime_server.call import ServedCall
    from agents.simulator.realtime_server.response import ServedResponse

# How often it is checked whether the agent is quiet, and for how long it must be.
LISTEN_S = 0.15
LISTENS = 400
# Words take time, so that they can interrupt the agent.
SECONDS_A_WORD = 0.12
LONGEST_SPEECH_S = 1.5
# A caller who began a sentence and does not end it.
UNFINISHED_S = 60.0
KEY_S = 0.15
# A trunk does not let it ring for longer.
RINGS_S = 45.0
# After the press or the tool call: the worker has begun with it.
HANG_UP_AFTER_S = 0.03
RUNNING = frozenset({"ringing", "accepted"})


class Line:
    def __init__(self, call: ServedCall, voice: OfflineVoice) -> None:
        self.call = call
        self._voice = voice
        # What the caller did: the number of responses before it, kind and words.
        self._acts: list[tuple[int, str, str]] = []
        self._waiting: list[str] = []
        self._is_composing = False
        self._leaves_in_tool = False
        call.responder = self._respond
        call.later(RINGS_S, self._give_up_ringing)

    @property
    def is_running(self) -> bool:
        return self.call.state in RUNNING

    def say(self, words: str) -> None:
        """Speak as soon as the agent is quiet."""
        self._waiting.append(words)
        if len(self._waiting) == 1:
            self._when_quiet(self._say_waiting)

    def compose(self) -> None:
        """Begin to speak once the agent is quiet: the words follow."""
        if not self._is_composing:
            self._is_composing = True
            self._when_quiet(self._begin)

    def speak_over(self, words: str) -> None:
        """Speak now, whatever the agent does."""
        self._add("caller", words)
        self._begin()
        self._finish_later(words)

    def press(self, keys: str) -> None:
        """Press keys one after the other, with pauses."""
        for number, key in enumerate(keys):
            self.call.later(KEY_S * number, lambda key=key: self.call.press(key))  # type: ignore[misc]
        self._add("keys", str(len(keys)))
        if self._leaves_in_tool:
            self._leave_after(KEY_S * (len(keys) - 1) + HANG_UP_AFTER_S)

    def stay_silent(self) -> None:
        """Let the silence last until the provider notices it."""
        if self._is_quiet and not self.call.activity.is_speaking:
            self.call.activity.time_out()

    def leave(self) -> None:
        self.call.leave()

    def leave_in_tool(self) -> None:
        """Hang up right after the next tool call or key."""
        self._leaves_in_tool = True

    def fail_transfer(self) -> None:
        self.call.transfer_works = False

    def picture(self) -> dict[str, Any]:
        """Return what the caller hears and has done, in order."""
        said = [one for one in self.call.responses if one.reply.words]
        lines: list[dict[str, str]] = []
        acts = list(self._acts)
        for number, response in enumerate(self.call.responses, start=1):
            while acts and acts[0][0] < number:
                lines.append(_act(acts.pop(0)))
            if response in said and (state := self._state(response)):
                lines.append(
                    {"who": "agent", "words": response.reply.words, "state": state}
                )
        lines += [_act(act) for act in acts]
        return {
            "state": self.call.state,
            "ended_by": self.call.ended_by,
            "lines": lines,
            "is_waiting": bool(self._waiting),
            "transfer_works": self.call.transfer_works,
            "leaves_in_tool": self._leaves_in_tool,
            "is_corrupted": self.call.is_corrupted,
        }

    @property
    def _is_quiet(self) -> bool:
        call = self.call
        is_queued = any(response.is_queued for response in call.responses)
        return not (call.is_responding or call.playing or is_queued)

    def _state(self, response: ServedResponse) -> str:
        """Return how much of it was heard; "" for what was cut before it began."""
        if response.was_heard:
            return "heard"
        if response.is_playing and self.is_running:
            return "playing"
        if response.is_queued and self.is_running:
            return "waiting"
        return "cut" if response.has_begun else ""

    def _respond(self, call: ServedCall, parameters: dict[str, Any]) -> Any:
        reply = self._voice(call, parameters)
        if reply.calls and self._leaves_in_tool:
            self._leave_after(reply.generation_seconds + HANG_UP_AFTER_S)
        return reply

    def _leave_after(self, seconds: float) -> None:
        self._leaves_in_tool = False
        self.call.later(seconds, self.call.leave)

    def _when_quiet(self, act: Callable[[], None], left: int = LISTENS) -> None:
        if not self.is_running or not left:
            self._waiting.clear()
        elif self.call.state == "accepted" and self._is_quiet:
            act()
        else:
            self.call.later(LISTEN_S, lambda: self._when_quiet(act, left - 1))

    def _say_waiting(self) -> None:
        words = " ".join(self._waiting)
        self._waiting.clear()
        self._add("caller", words)
        self._begin()
        self._finish_later(words)

    def _begin(self) -> None:
        if not self.call.activity.is_speaking:
            self.call.start_speaking()
            self.call.later(UNFINISHED_S, self._give_up)

    def _give_up(self) -> None:
        """End a sentence that was never finished; what was heard is no words."""
        if self._is_composing and self.call.activity.is_speaking:
            self._is_composing = False
            self.call.stop_speaking(None)

    def _give_up_ringing(self) -> None:
        if self.call.state == "ringing":
            self.call.end("unanswered")

    def _finish_later(self, words: str) -> None:
        self._is_composing = False
        lasts = min(SECONDS_A_WORD * len(words.split()), LONGEST_SPEECH_S)
        self.call.later(lasts, lambda: self._finish(words))

    def _finish(self, words: str) -> None:
        if self.call.state == "accepted":
            self._voice.hear(words)
            self.call.stop_speaking(words)

    def _add(self, kind: str, words: str) -> None:
        self._acts.append((len(self.call.responses), kind, words))


def _act(act: tuple[int, str, str]) -> dict[str, str]:
    return {"who": act[1], "words": act[2], "state": ""}
