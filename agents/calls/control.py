"""What a running call must do because of something outside it.

Read once a second and before each response by the session: no query, no lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from agents.calls.reasons import EndReason
from rollout.core.features import Feature
from rollout.flags.exposure import is_known_off

if TYPE_CHECKING:
    from agents.calls.reference import CallRef

# The promise is 20 seconds; the difference is for the hang-up and the last rows.
CLOSE_WITHIN_S = 17.0


class Action(Enum):
    CONTINUE = "continue"
    # Finish the sentence, say the closing line, transfer or hang up, within 20 s.
    CLOSE = "close"
    # Stop without hanging up: another worker re-attaches.
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class CallOrder:
    """What to do, and the reason that is recorded with the end."""

    action: Action
    reason: str = ""
    # Transfer to the fallback, where there is one, instead of only hanging up.
    transfers: bool = False
    # From the order to the closed call, whatever is being said.
    within_s: float = CLOSE_WITHIN_S


CONTINUE = CallOrder(Action.CONTINUE)
VOICE_OFF = CallOrder(Action.CLOSE, EndReason.VOICE_OFF, transfers=True)
# The calls of this process by their key, each with the order for it.
_running: dict[int, CallOrder] = {}
_stopping = False


def begin(call_pk: int) -> None:
    """Note a call that runs in this process."""
    _running[call_pk] = CONTINUE


def forget(call_pk: int) -> None:
    """Forget a call that ended here."""
    _running.pop(call_pk, None)


def running() -> tuple[int, ...]:
    return tuple(_running)


def stop_taking() -> None:
    """Take no more calls in this process: it stops."""
    global _stopping  # noqa: PLW0603 - a process stops once
    _stopping = True


def is_stopping() -> bool:
    return _stopping


def orders(ref: CallRef) -> CallOrder:
    """Return what the call must do now; a rollback comes before everything else."""
    if is_known_off(Feature.VOICE, ref.subject):
        return VOICE_OFF
    return _running.get(ref.pk, CONTINUE)


def ask(call_pk: int, order: CallOrder) -> None:
    """Give an order to a running call of this process; the first one stays."""
    if _running.get(call_pk) == CONTINUE:
        _running[call_pk] = order
