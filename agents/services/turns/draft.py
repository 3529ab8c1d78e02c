from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.runtime.model import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from agents.runtime.model import Item

OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Spent:
    """What the model was given and gave, whether or not it is sent."""

    items: Sequence[Item] = ()
    usage: Usage = field(default_factory=Usage)
    model_calls: int = 0
    # Empty when no model was asked.
    model: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the turn would answer, were there no row that comes before it."""

    text: str = ""
    outcome: str = "reply"
    # Why it is less than it should be: the model's error, the check that failed.
    error_code: str = ""
    spent: Spent = field(default_factory=Spent)
    # What the offline model remembers; None leaves it as it is.
    memory: Mapping[str, Any] | None = None

    @property
    def has_failed(self) -> bool:
        return self.outcome == "apology"
