"""One response of the server: made, played, cut or finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.simulator.realtime_server.replies import NO_TOKENS, Reply, usage_for

if TYPE_CHECKING:
    from asyncio import TimerHandle
    from collections.abc import Callable

    from agents.simulator.realtime_server.call import ServedCall

Event = dict[str, Any]
ENDLESS = float("inf")


class ServedResponse:
    def __init__(self, call: ServedCall, reply: Reply, parameters: Event) -> None:
        self.call = call
        self.reply = reply
        self.response_id = call.new_id("resp")
        self.item_id = call.new_id("item")
        self.metadata = parameters.get("metadata")
        self.is_active = True
        self.is_playing = False
        # Made, and to be heard after what is heard now.
        self.is_queued = False
        # The caller heard some of it.
        self.has_begun = False
        # Words that the caller heard to their end.
        self.was_heard = False
        self._timers: list[TimerHandle] = []
        self._functions: list[Event] = []

    def begin(self) -> None:
        self._emit("response.created", response=self._body("in_progress"))
        if self.reply.words:
            self.call.has_spoken = True
            self.is_queued = True
            self.call.play_next()
        if not self.reply.is_held:
            self._after(self.reply.generation_seconds, self.finish)

    def finish(self) -> None:
        """End the making of the response; its words may still be played."""
        if not self.is_active:
            return
        self.is_active = False
        reply = self.reply
        if reply.words:
            self._say_transcript()
        if reply.status == "completed" or reply.calls:
            self._call_functions()
        self._emit("response.done", response=self._body(reply.status))
        if self.is_playing:
            self._play_on()
        elif not reply.words:
            self.call.activity.expect_caller()

    def cut(self, reason: str) -> None:
        """End the making before its time; what is played goes on until a clear."""
        if not self.is_active:
            return
        self.stop_timers()
        self.is_active = False
        if self.reply.words:
            self._say_transcript()
        body = self._body("cancelled") | {
            "status_details": {"type": "cancelled", "reason": reason}
        }
        self._emit("response.done", response=body)

    def play(self) -> None:
        """Begin to be heard; what was made before is heard first."""
        self.is_queued, self.is_playing, self.has_begun = False, True, True
        self._emit("output_audio_buffer.started", response_id=self.response_id)
        if not self.is_active:
            self._play_on()

    def _play_on(self) -> None:
        lasts = self.reply.playback(self.call.seconds_a_word)
        if lasts != ENDLESS:
            left = max(0.0, lasts - self.reply.generation_seconds)
            self._after(left, self._played)

    def clear(self) -> None:
        self.is_queued = False
        if not self.is_playing:
            return
        self.stop_timers()
        self.is_playing = False
        self._emit("output_audio_buffer.cleared", response_id=self.response_id)
        if self.is_active and not self.reply.is_held:
            self._after(self.reply.generation_seconds, self.finish)

    def stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _played(self) -> None:
        if not self.is_playing:
            return
        self.is_playing = False
        self.was_heard = True
        self.call.heard.append(self.reply.words)
        self._emit("output_audio_buffer.stopped", response_id=self.response_id)
        if not self.call.play_next():
            self.call.activity.expect_caller()

    def _say_transcript(self) -> None:
        self._emit(
            "response.output_audio_transcript.done",
            response_id=self.response_id,
            item_id=self.item_id,
            output_index=0,
            content_index=0,
            transcript=self.reply.words,
        )

    def _call_functions(self) -> None:
        """Emit the arguments also of a response that does not end `completed`."""
        for index, function in enumerate(self.reply.calls, start=1):
            call_id = self.call.new_id("call")
            item = {
                "id": self.call.new_id("item"),
                "object": "realtime.item",
                "type": "function_call",
                "status": "completed",
                "call_id": call_id,
                "name": function.name,
                "arguments": function.arguments,
            }
            self._functions.append(item)
            self.call.outputs[call_id] = []
            self._emit(
                "response.function_call_arguments.done",
                response_id=self.response_id,
                item_id=item["id"],
                output_index=index,
                call_id=call_id,
                name=function.name,
                arguments=function.arguments,
            )
            self._emit(
                "response.output_item.done",
                response_id=self.response_id,
                output_index=index,
                item=item,
            )

    def _body(self, status: str) -> Event:
        is_over = status != "in_progress"
        message = {
            "id": self.item_id,
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_audio", "transcript": self.reply.words}],
        }
        output = [message, *self._functions] if self.reply.words else self._functions
        return {
            "object": "realtime.response",
            "id": self.response_id,
            "status": status,
            "status_details": self._details(status),
            "output": output if is_over else [],
            "metadata": self.metadata,
            "usage": (self.reply.usage or self._usage()) if is_over else None,
        }

    def _usage(self) -> Event:
        return NO_TOKENS if self.call.is_free else usage_for(self.reply)

    def _details(self, status: str) -> Event | None:
        reply = self.reply
        if status in {"in_progress", "completed"}:
            return None
        details: Event = {"type": status}
        if reply.reason:
            details["reason"] = reply.reason
        if reply.error:
            details["error"] = {"type": reply.error, "code": reply.error}
        return details

    def _emit(self, kind: str, **fields: Any) -> None:
        self.call.emit({"type": kind, **fields})

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append(self.call.later(seconds, act))
