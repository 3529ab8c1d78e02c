"""The server's voice activity detection: speech, interruption and idle time-out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.simulator.realtime_server.replies import Reply

if TYPE_CHECKING:
    from asyncio import TimerHandle

    from agents.simulator.realtime_server.call import ServedCall


class VoiceActivity:
    def __init__(self, call: ServedCall) -> None:
        self.call = call
        self.is_speaking = False
        self._item = ""
        self._idle: TimerHandle | None = None

    def start_speaking(self) -> str:
        """The caller begins; a response is cut where the settings allow it."""
        call = self.call
        self.cancel_idle()
        self.is_speaking = True
        self._item = call.new_id("item")
        if not self._detects:
            return self._item
        self._emit("input_audio_buffer.speech_started", audio_start_ms=0)
        if self._setting("interrupt_response", default=True):
            if call.response:
                call.response.cut("turn_detected")
            call.clear()
        return self._item

    def stop_speaking(
        self, words: str | None = None, *, transcript_after: float | None = 0.0
    ) -> str:
        """End the words; their transcript comes later, or never."""
        self.is_speaking = False
        item = self._item
        if not self._detects:
            return item
        self._emit("input_audio_buffer.speech_stopped", audio_end_ms=1_000)
        self._commit(item)
        if transcript_after is not None:
            self.call.later(transcript_after, lambda: self.transcribe(item, words))
        if self._setting("create_response", default=True):
            self._respond()
        else:
            self.expect_caller()
        return item

    def transcribe(self, item: str, words: str | None) -> None:
        kind = "conversation.item.input_audio_transcription"
        if words is None:
            self.call.emit(
                {
                    "type": f"{kind}.failed",
                    "item_id": item,
                    "content_index": 0,
                    "error": {
                        "type": "transcription_error",
                        "code": "audio_unreadable",
                    },
                }
            )
            return
        heard, written = (0, 0) if self.call.is_free else (30, 10)
        usage = {
            "type": "tokens",
            "total_tokens": heard + written,
            "input_tokens": heard,
            "output_tokens": written,
            "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        }
        self.call.emit(
            {
                "type": f"{kind}.completed",
                "item_id": item,
                "content_index": 0,
                "transcript": words,
                "usage": usage,
            }
        )

    def expect_caller(self) -> None:
        """Wait for the caller, if the settings have an idle time-out."""
        self.cancel_idle()
        milliseconds = self._setting("idle_timeout_ms")
        if milliseconds and self.call.state == "accepted":
            self._idle = self.call.later(milliseconds / 1_000, self.time_out)

    def postpone_idle(self) -> None:
        if self._idle:
            self.expect_caller()

    def cancel_idle(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None

    def time_out(self) -> None:
        """Commit the silence and make a response, whatever `create_response` says."""
        self._idle = None
        if self.is_speaking or self.call.is_responding or self.call.playing:
            return
        self._item = self.call.new_id("item")
        self._emit(
            "input_audio_buffer.timeout_triggered", audio_start_ms=0, audio_end_ms=1
        )
        self._commit(self._item)
        self.call.respond({}, Reply("Are you still there?"))

    def stop(self) -> None:
        self.cancel_idle()

    def _commit(self, item: str) -> None:
        self.call.emit({"type": "input_audio_buffer.committed", "item_id": item})
        added = {
            "id": item,
            "type": "message",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        self.call.emit({"type": "conversation.item.added", "item": added})
        self.call.emit({"type": "conversation.item.done", "item": added})

    def _respond(self) -> None:
        if not self.call.is_responding:
            self.call.respond({})

    @property
    def _detects(self) -> bool:
        audio = self.call.session.get("audio", {}).get("input", {})
        return audio.get("turn_detection", {}) is not None

    def _setting(self, name: str, *, default: Any = None) -> Any:
        audio = self.call.session.get("audio", {}).get("input", {})
        detection = audio.get("turn_detection", {"type": "server_vad"})
        return detection.get(name, default) if detection else None

    def _emit(self, kind: str, **fields: Any) -> None:
        self.call.emit({"type": kind, "item_id": self._item, **fields})
