from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.runtime.claims import Facts, Problem, check_claims
from agents.runtime.outbound import Breach, breaches_of, cut

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Review:
    """A text of the model as it would be sent, and what keeps it from being sent."""

    text: str
    problems: frozenset[Problem | Breach]

    @property
    def may_be_sent(self) -> bool:
        return bool(self.text) and not self.problems


def review(
    text: str, facts: Facts, *, links: Sequence[str] = (), instructions: str = ""
) -> Review:
    """Cut the text to one bubble, then look at exactly what would be sent."""
    bubble = cut(text)
    claims = check_claims(bubble, facts).problems
    breaches = breaches_of(
        bubble, links=links, shown=facts.shown, instructions=instructions
    )
    return Review(text=bubble, problems=claims | breaches)
