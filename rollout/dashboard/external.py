"""Facts that other apps report through ports: spending and the previous workflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext

from easymo.sentences import counted
from rollout.core import clock
from rollout.core.formatting import UNKNOWN, duration, usd
from rollout.core.ports import ports
from rollout.guardrails import evaluate

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


# From this share of the cap on the page warns.
WARN_SHARE = 0.8
LATE_S = 600


@dataclass(frozen=True, slots=True)
class Spending:
    """Spending since midnight against the daily cap. `today` None: unknown, not zero."""

    today: Decimal | None
    cap: float
    share: float | None
    unpriced: int
    tone: str
    words: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PreviousWorkflowState:
    """Whether the previous workflow takes what is forwarded to it."""

    is_set_up: bool
    tone: str
    sentence: str
    waiting: int = 0
    oldest: str = ""
    last_error: str = ""
    last_error_at: datetime | None = None
    last_ok_at: datetime | None = None


def not_configured() -> PreviousWorkflowState:
    return PreviousWorkflowState(
        is_set_up=False,
        tone="none",
        sentence=(
            gettext(
                "None is configured (LEGACY_WEBHOOK_URL): while a feature is off, customers"
                " get no answer."
            )
        ),
    )


def spending_today() -> Spending:
    """Read today's model costs."""
    cap = evaluate.policy_in_force().spend_day
    if ports.spend_since is None:
        sentence = gettext("Spending is not measured here.")
        return Spending(None, cap, None, 0, "none", UNKNOWN, sentence)
    midnight = timezone.localtime(clock.now()).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    spent = ports.spend_since(midnight)
    share = float(spent.usd) / cap if cap else 0.0
    sentence = gettext("{usd} today, of at most {cap}").format(
        usd=usd(spent.usd), cap=usd(cap)
    )
    if spent.unpriced:
        sentence += gettext("; the price of {unpriced} is not known").format(
            unpriced=counted(spent.unpriced, "{number} turn", "{number} turns")
        )
    return Spending(
        today=spent.usd,
        cap=cap,
        share=share,
        unpriced=spent.unpriced,
        tone=_spending_tone(share, spent.unpriced),
        words=gettext("{usd} of {cap}").format(usd=usd(spent.usd), cap=usd(cap)),
        sentence=f"{sentence}.",
    )


def _spending_tone(share: float, unpriced: int) -> str:
    if share >= WARN_SHARE:
        return "bad" if share >= 1 else "warn"
    return "none" if unpriced else "good"


def previous_workflow_state() -> PreviousWorkflowState:
    """Read the forwarding queue; without a configured target say so."""
    found = ports.previous_workflow() if ports.previous_workflow else None
    if found is None:
        return not_configured()
    error_at, ok_at = found.last_error_at, found.last_ok_at
    oldest = (
        duration(timedelta(seconds=found.oldest_age_s or 0.0)) if found.waiting else ""
    )
    queue = gettext("nothing is waiting")
    if found.waiting:
        queue = gettext("{waiting} waiting, the oldest for {oldest}").format(
            waiting=counted(found.waiting, "{number} message", "{number} messages"),
            oldest=oldest,
        )
    is_late = bool(found.waiting) and (found.oldest_age_s or 0.0) > LATE_S
    if error_at is not None and (ok_at is None or error_at > ok_at):
        tone, answer = "bad", gettext("It does not answer")
    elif ok_at is None:
        # Whether it would answer is not known.
        tone, answer = "none", gettext("It has never been asked")
    else:
        tone, answer = (
            "good",
            gettext("It last answered {value} ago").format(
                value=duration(clock.now() - ok_at)
            ),
        )
    return PreviousWorkflowState(
        is_set_up=True,
        tone="bad" if is_late else tone,
        sentence=f"{answer}; {queue}.",
        waiting=found.waiting,
        oldest=oldest,
        last_error=found.last_error,
        last_error_at=error_at,
        last_ok_at=ok_at,
    )
