"""What the model behind the server does when a response is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Speech is made faster than it is played.
GENERATION_SECONDS = 0.1
SECONDS_A_WORD = 0.3


@dataclass(frozen=True)
class FunctionCall:
    name: str
    arguments: str = "{}"


@dataclass(frozen=True)
class Reply:
    """One response: words, function calls, or a way to fail."""

    words: str = ""
    calls: tuple[FunctionCall, ...] = ()
    status: str = "completed"
    reason: str = ""
    error: str = ""
    # Stays active until `ServedCall.release()`.
    is_held: bool = False
    usage: dict[str, Any] | None = None
    generation_seconds: float = GENERATION_SECONDS
    # None: by the number of words. Infinite speech ends when it is cut.
    playback_seconds: float | None = None

    def playback(self, seconds_a_word: float = SECONDS_A_WORD) -> float:
        if self.playback_seconds is not None:
            return self.playback_seconds
        return seconds_a_word * len(self.words.split())


def says(words: str, **more: Any) -> Reply:
    return Reply(words=words, **more)


def calls(*functions: FunctionCall, words: str = "", **more: Any) -> Reply:
    return Reply(words=words, calls=functions, **more)


def fails(error: str) -> Reply:
    """A response that ends `failed`, as with an account's limit."""
    return Reply(status="failed", error=error)


NO_TOKENS: dict[str, Any] = {
    "total_tokens": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "input_token_details": {"text_tokens": 0, "audio_tokens": 0, "cached_tokens": 0},
    "output_token_details": {"text_tokens": 0, "audio_tokens": 0},
}


def usage_for(reply: Reply) -> dict[str, Any]:
    """Return plausible tokens; the cached ones are part of the input tokens."""
    spoken = max(1, int(min(reply.playback(), 60.0) * 20))
    text = 20 + 15 * len(reply.calls)
    return {
        "total_tokens": 1_000 + text + spoken,
        "input_tokens": 1_000,
        "output_tokens": text + spoken,
        "input_token_details": {
            "text_tokens": 700,
            "audio_tokens": 300,
            "image_tokens": 0,
            "cached_tokens": 600,
            "cached_tokens_details": {
                "text_tokens": 500,
                "audio_tokens": 100,
                "image_tokens": 0,
            },
        },
        "output_token_details": {"text_tokens": text, "audio_tokens": spoken},
    }
