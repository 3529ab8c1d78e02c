"""What a running call must do because of something outside it.

Read once a second and before each response by the session: no query, no lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from agents.calls.reasons import EndReason
from rollout.flags.exposure import exposure_of

if TYPE_CHECKING:
    from agents.calls.reference import CallRef

# From the order to the closed call, whatever is being said.
CLOSE_WITHIN_S = 20.0


class Action(Enum):
    CONTINUE = "continue"
    # Finish the sentence, say the closing line, transfer or hang up, within 20 s.
    CLOSE = "close"
    # Stop without hanging up: another worker re-attaches.
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class Order:
    """What to do, and the reason that is recorded with the end."""

    action: Action
    reason: str = ""
    # Whether a transfer to the fallback is offered instead of only hanging up.
    transfers: bool = False


CONTINUE = Order(Action.CONTINUE)
# Orders for the calls of this process, by the call's key.
_asked: dict[int, Order] = {}


def orders(ref: CallRef) -> Order:
    """Return what the call must do now; a rollback comes before everything else."""
    if not exposure_of(ref.subject).voice:
        return Order(Action.CLOSE, EndReason.VOICE_OFF, transfers=True)
    return _asked.get(ref.pk, CONTINUE)


def ask(call_pk: int, order: Order) -> None:
    """Give an order to a running call of this process; the first one stays."""
    _asked.setdefault(call_pk, order)


def forget(call_pk: int) -> None:
    """Drop the order of a call that ended here."""
    _asked.pop(call_pk, None)
