"""What the guardrails said when somebody last looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout import clock
from rollout.models import Evaluation
from rollout.policy.verdicts import SILENCE, from_json

if TYPE_CHECKING:
    from datetime import datetime

    from rollout.policy.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """The newest evaluation. `is_silent`: it is too old to say anything about now."""

    verdicts: tuple[Verdict, ...] = ()
    at: datetime | None = None
    is_silent: bool = True


def verdicts_now() -> Judgement:
    """Return the newest evaluation's verdicts: one query."""
    newest = Evaluation.objects.order_by("-id").first()
    if newest is None:
        return Judgement()
    return Judgement(
        verdicts=tuple(map(from_json, newest.verdicts)),
        at=newest.at,
        is_silent=clock.now() - newest.at > SILENCE,
    )
