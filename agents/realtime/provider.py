"""What the call needs of a telephone provider, in neutral terms.

`OpenAIRealtime` in `openai_realtime.py` is the first implementation. A second provider, for
example for GPT-Live, is a module that

- reads its own webhook into `IncomingCall` (`incoming.py`; until then its events are only
  stored and answered 200),
- implements `VoiceProvider` and `VoiceLink`, and translates its events to the classes here;
  one without responses makes one `ResponseStarted` and `ResponseEnded` for each answer,
- reports usage for each response: running totals become their differences,
- is returned by `agents/calls/providers.py` for its calls.

The call does not change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from agents.realtime.session import SessionSpec

ResponseStatus = Literal["completed", "cancelled", "failed", "incomplete"]


class ProviderError(Exception):
    """The provider refused a request or did not answer."""

    def __init__(
        self,
        code: str,
        *,
        status: int | None = None,
        permanent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.permanent = permanent
        self.retry_after = retry_after


class CallGone(ProviderError):
    """The provider knows no such call: it is over, or its session never began."""

    def __init__(self) -> None:
        super().__init__("call_id_not_found", status=404, permanent=True)


class PayloadError(ProviderError):
    """The session's settings are not as the provider takes them; nothing was sent."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"invalid_session: {problem}", permanent=True)


@dataclass(frozen=True, slots=True)
class CallUsage:
    """Tokens of one response, no running total; cached ones are part of the input."""

    input_text: int = 0
    input_audio: int = 0
    input_image: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    cached_image: int = 0
    output_text: int = 0
    output_audio: int = 0
    # The provider gave figures, and their details add up to the totals.
    is_known: bool = True

    def __add__(self, other: CallUsage) -> CallUsage:
        return CallUsage(
            self.input_text + other.input_text,
            self.input_audio + other.input_audio,
            self.input_image + other.input_image,
            self.cached_text + other.cached_text,
            self.cached_audio + other.cached_audio,
            self.cached_image + other.cached_image,
            self.output_text + other.output_text,
            self.output_audio + other.output_audio,
            self.is_known and other.is_known,
        )


@dataclass(frozen=True, slots=True)
class TranscriptionUsage:
    """What one transcript cost: tokens, or seconds of audio."""

    input_text: int = 0
    input_audio: int = 0
    output_text: int = 0
    seconds: float = 0.0
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class SessionStarted:
    pass


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The provider took the settings; these tools are offered now."""

    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallerStarted:
    item_id: str


@dataclass(frozen=True, slots=True)
class CallerStopped:
    item_id: str


@dataclass(frozen=True, slots=True)
class CallerCommitted:
    """The caller's words are an item of the conversation."""

    item_id: str


@dataclass(frozen=True, slots=True)
class CallerSilent:
    """The caller said nothing for the time of the provider, which makes a response by
    itself.
    """

    item_id: str


@dataclass(frozen=True, slots=True)
class CallerWords:
    """A transcript, which may arrive late or in another order; None: it failed."""

    item_id: str
    text: str | None = field(repr=False)
    usage: TranscriptionUsage = TranscriptionUsage(is_known=False)


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One press; two presses of a key are two events that look the same."""

    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    response_id: str
    # The reference that the request for this response carried.
    reference: str = ""
    # The name of the fixed line that it speaks.
    line: str = ""


@dataclass(frozen=True, slots=True)
class AgentWords:
    """What the agent says, also when it was cut before its end."""

    response_id: str
    item_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCalled:
    call_id: str
    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResponseEnded:
    response_id: str
    status: ResponseStatus
    reason: str = ""
    error: str = ""
    tool_calls: tuple[ToolCalled, ...] = ()
    has_words: bool = False
    usage: CallUsage = CallUsage(is_known=False)


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    response_id: str


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """The caller heard the response to its end, or it was cut."""

    response_id: str
    is_complete: bool


@dataclass(frozen=True, slots=True)
class ProviderFault:
    """The provider refused one of our events; the session goes on."""

    code: str
    param: str = ""
    # The event that was refused.
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class LinkClosed:
    """No more events come: the call is over, or only the connection is lost."""

    code: int
    reason: str = ""


VoiceEvent = (
    SessionStarted
    | SessionChanged
    | CallerStarted
    | CallerStopped
    | CallerCommitted
    | CallerSilent
    | CallerWords
    | KeyPressed
    | ResponseStarted
    | AgentWords
    | ResponseEnded
    | PlaybackStarted
    | PlaybackEnded
    | ProviderFault
    | LinkClosed
)


@dataclass(frozen=True, slots=True)
class Line:
    """Fixed words that the agent speaks as they are."""

    name: str
    text: str
    language: str = "en"


class VoiceLink(Protocol):
    """The connection to one call; only the loop of this call sends on it."""

    async def next_event(self) -> VoiceEvent:
        """Wait for the next event; `LinkClosed` is the last, again and again."""
        ...

    def observe(self, event: VoiceEvent) -> None:
        """Take note of an event, before it is handled."""
        ...

    async def flush(self) -> None:
        """Send what waited for the event that was handled."""
        ...

    @property
    def is_idle(self) -> bool:
        """Tell whether no response is wanted or made and the caller is quiet."""
        ...

    @property
    def is_responding(self) -> bool:
        """Tell whether a response is asked for or made."""
        ...

    @property
    def is_playing(self) -> bool:
        """Tell whether the caller hears the agent now."""
        ...

    async def give_up(self) -> None:
        """Forget a response that never showed."""
        ...

    async def configure(self, spec: SessionSpec) -> str:
        """Send changed settings; return the id that a refusal of them names."""
        ...

    async def tool_result(self, call_id: str, output: str, *, is_last: bool) -> None:
        """Send a result at once; after the last one a response follows, once.

        The response waits until no other is active and the caller does not speak.
        """
        ...

    async def note(self, text: str) -> None:
        """Tell the model a fact that neither the caller nor a tool said."""
        ...

    async def respond(self) -> None:
        """Ask for one response as soon as no other is active and the caller is quiet."""
        ...

    async def say(self, line: Line) -> None:
        """Speak a fixed line as soon as no response is active."""
        ...

    async def stop_speaking(self) -> None:
        """Cut what the agent says now."""
        ...

    def drop_wanted(self) -> None:
        """Forget responses and lines that were not asked for yet."""
        ...

    async def close(self) -> None:
        """Close the connection. The call itself goes on until `hang_up`."""
        ...


class VoiceProvider(Protocol):
    """One telephone provider. Every method raises `ProviderError`."""

    async def accept(self, call_id: str, spec: SessionSpec) -> None: ...

    async def reject(self, call_id: str, status: int) -> None: ...

    async def attach(
        self, call_id: str, *, patience: float = 10.0, had_session: bool = False
    ) -> VoiceLink:
        """Connect to an accepted call; raise `CallGone` when there is none.

        A session may begin later than the accept was answered: it is waited for, unless
        the call had one already.
        """
        ...

    async def transfer(self, call_id: str, target: str) -> None: ...

    async def hang_up(self, call_id: str) -> None:
        """End the call; a call that is over already is a success."""
        ...
