"""What the session needs of the rest: rows, tools, keys, claims, texts and orders.

The session itself knows no table. `database_services.py` has the implementation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from agents.calls.control import CallOrder
    from agents.calls.reasons import EndReason
    from agents.models import CallEvent
    from agents.realtime.provider import (
        CallUsage,
        Line,
        ToolCalled,
        TranscriptionUsage,
    )
    from agents.realtime.session import SessionSpec

# What the keypad is waited for.
Asks = Literal["", "pin", "confirm", "code"]


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool call gave."""

    # JSON for the model.
    output: str
    # The question, rendered from rows: it is spoken as it is.
    line: Line | None = None
    asks: Asks = ""
    # The caller is to be put through to a person.
    transfers: bool = False


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """What a press on the keypad, or on the button in WhatsApp, meant."""

    # "ignored" for a key that means nothing now.
    kind: str = "ignored"
    line: Line | None = None
    # A fact that the model is told before it goes on.
    note: str = ""
    language: str = ""
    # Keys are still waited for; "" when the question is settled.
    asks: Asks = ""
    # The entry may be complete: it ends after a pause.
    settles: bool = False
    ends: EndReason | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """The agent said what no row shows."""

    line: Line
    # The second one: the call ends with this line.
    ends_call: bool = False


@dataclass(frozen=True, slots=True)
class CallLimits:
    soft_s: float = 12 * 60
    hard_s: float = 15 * 60
    # How long the call had run when this worker took it.
    gone_s: float = 0.0
    # Where a caller is transferred; empty: nowhere.
    fallback: str = ""


class CallServices(Protocol):
    """One call's surroundings. Only `line`, `orders` and `spec` answer at once."""

    def line(self, key: str, language: str, **values: object) -> Line: ...

    def orders(self) -> CallOrder: ...

    def spec(self, language: str) -> SessionSpec: ...

    async def attached(self) -> None:
        """Record the attached sideband; raise LeaseLost when it is another worker's."""
        ...

    async def event(
        self,
        kind: CallEvent.Kind,
        *,
        text: str = "",
        is_partial: bool = False,
        detail: dict[str, Any] | None = None,
    ) -> None: ...

    async def language(self, code: str, by: str) -> None: ...

    async def open_turn(self) -> int: ...

    async def perform(self, turn: int, ordinal: int, called: ToolCalled) -> ToolAnswer:
        """Run a tool to its end; its changes remain, also after the call."""
        ...

    async def sends_late(self, called: ToolCalled) -> bool:
        """Tell whether a late result of this call can reach the caller on WhatsApp."""
        ...

    async def late(self, turn: int, ordinal: int) -> None:
        """The result of this call came too late to be spoken: send it, if possible."""
        ...

    async def press(self, digit: str) -> KeyAnswer: ...

    async def settle(self) -> KeyAnswer:
        """End the entry on the keypad, after a pause."""
        ...

    async def offer_button(self) -> Line | None:
        """Send the button to WhatsApp; return what to say, or None when it cannot."""
        ...

    async def button(self) -> KeyAnswer | None:
        """Return what was pressed in WhatsApp since the last look."""
        ...

    async def check_claim(self, words: str) -> Correction | None: ...

    async def callback(self, reason: str) -> None: ...

    async def used(self, response_id: str, usage: CallUsage) -> bool:
        """Store what a response used; tell whether the call is over its budget."""
        ...

    async def transcribed(self, item_id: str, usage: TranscriptionUsage) -> bool: ...

    async def apologise(self) -> None:
        """Tell the caller on WhatsApp that the call broke off."""
        ...


@dataclass
class Seconds:
    """The waits of a call."""

    update: float = 5.0
    greeting: float = 40.0
    tool: float = 6.0
    # To find out whether a late result can be sent.
    late: float = 1.0
    # A barge-in that the provider did not cut by itself.
    cut: float = 1.0
    key: float = 8.0
    # After the last key of an entry; `keypad.SETTLES_AFTER_S`.
    entry: float = 2.5
    button_poll: float = 2.0
    after_greeting: float = 20.0
    quiet: float = 20.0
    # A response that the provider makes by itself after a silence.
    unasked: float = 3.0
    orders: float = 1.0
    stalled: float = 20.0
    sentence: float = 6.0
    closing: float = 12.0
    transfer: float = 10.0
    reattach: float = 3.0
    last_tools: float = 30.0
    last_writes: float = 30.0


@dataclass
class Counts:
    """Silences and unproductive turns end the call."""

    silences: int = 2
    unproductive: int = 3
    stalls: int = 2
    reattaches: int = 1
