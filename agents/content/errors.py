"""Why content is not stored or published."""

from __future__ import annotations

from dataclasses import dataclass

from agents.core.errors import AgentError
from easymo.sentences import joined, translatable


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that cannot stay as it is: where, and why."""

    # "instructions", "hours.mon", "exceptions", "topic.how_it_works.fr", ...
    part: str
    sentence: str


class ContentError(AgentError):
    """The content was not changed."""


class InvalidContent(ContentError):
    """Parts of the content cannot be stored or published; `faults` name each."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(joined(" ", [fault.sentence for fault in faults]))
        self.faults = faults


class ChangedMeanwhile(ContentError):
    """Another person changed the content since the page was opened."""

    def __init__(self) -> None:
        super().__init__(
            translatable(
                "Another person changed the texts since this page was opened. Open it again."
            )
        )


class NothingToPublish(ContentError):
    """The content is the one in force already."""

    def __init__(self) -> None:
        super().__init__(
            translatable("These texts are in force already: nothing would change.")
        )
