"""What the models cost today, against what they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from rollout.core import clock
from rollout.core.display_formatting import NOTHING, count, usd
from rollout.core.ports import ports
from rollout.guardrails import expectations

if TYPE_CHECKING:
    from decimal import Decimal

# From here on somebody should look before the cap does.
NEAR = 0.8


@dataclass(frozen=True, slots=True)
class Money:
    """Spending since midnight. None: nobody can tell, which is not zero."""

    today: Decimal | None
    cap: float
    share: float | None
    unpriced: int
    tone: str
    words: str
    sentence: str


def money() -> Money:
    """Ask whoever counts it."""
    cap = expectations.policy().spend_day
    if ports.spend_since is None:
        return Money(
            None, cap, None, 0, "none", NOTHING, "Nobody counts what is spent here."
        )
    midnight = timezone.localtime(clock.now()).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    spent = ports.spend_since(midnight)
    share = float(spent.usd) / cap if cap else 0.0
    sentence = f"{usd(spent.usd)} today, of at most {usd(cap)}"
    if spent.unpriced:
        unknown = count(spent.unpriced, "turn")
        sentence += f"; the price of {unknown} is not known"
    return Money(
        today=spent.usd,
        cap=cap,
        share=share,
        unpriced=spent.unpriced,
        tone=_tone(share, spent.unpriced),
        words=f"{usd(spent.usd)} of {usd(cap)}",
        sentence=f"{sentence}.",
    )


def _tone(share: float, unpriced: int) -> str:
    if share >= 1:
        return "bad"
    if share >= NEAR:
        return "warn"
    return "none" if unpriced else "good"
