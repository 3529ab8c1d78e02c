from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agents.models import Conversation, Message, Turn
    from agents.runtime.model import Item
    from agents.services.turns.lease import Lease
    from rollout.services.exposure import Exposure
    from vouchers.codes import Code
    from vouchers.models import Profile

CONFIRM = "confirm:"
DECLINE = "decline:"


@dataclass(frozen=True, slots=True)
class Wait:
    """The person may still be writing."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """What one turn has to answer, read once; plain values from here on."""

    lease: Lease
    turn: Turn
    conversation: Conversation
    messages: tuple[Message, ...]
    exposure: Exposure
    language: str
    # What was said before, and what is said now, in the form that models read.
    history: tuple[Item, ...]
    present: tuple[Item, ...]
    # The person's own words, codes replaced by "[code 1]", and those codes.
    own_text: tuple[str, ...]
    # All her words, also those that a transcriber heard or that she passes on.
    said: tuple[str, ...]
    # What was heard, to be shown to her; "" when she wrote.
    heard: str = ""
    codes: Mapping[int, Code] = field(default_factory=dict)
    # She is shown that we read and write.
    shows_sign: bool = False

    @property
    def profile(self) -> Profile:
        return self.conversation.profile

    @property
    def subject(self) -> str:
        return str(self.profile.public_id)

    @property
    def press(self) -> Message | None:
        """The press of a button of ours; it is then the turn's only message."""
        return self.messages[0] if is_press(self.messages[0]) else None

    @property
    def has_words(self) -> bool:
        return any(self.said)


def is_press(message: Message) -> bool:
    return message.button_id.startswith((CONFIRM, DECLINE))
