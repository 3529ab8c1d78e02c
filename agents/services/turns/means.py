from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

from agents.runtime.clock import Clock, MonotonicClock
from agents.runtime.loop import LoopLimits
from agents.runtime.openai_model import OpenAIModel
from agents.services.turns.timing import TIMING, Timing

if TYPE_CHECKING:
    from agents.runtime.model import Model


@dataclass(frozen=True, slots=True)
class Means:
    """What a turn works with; tests bring their own."""

    # None: no key, the offline model answers.
    model: Model | None
    timing: Timing = TIMING
    limits: LoopLimits = field(default_factory=LoopLimits)
    clock: Clock = field(default_factory=MonotonicClock)


def means_of_settings() -> Means:
    if not settings.OPENAI_API_KEY:
        return Means(model=None)
    return Means(
        model=OpenAIModel(
            name=settings.OPENAI_RESPONSES_MODEL,
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL,
            try_seconds=settings.OPENAI_TIMEOUT_S,
        )
    )
