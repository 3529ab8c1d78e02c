"""The next step of a dialogue, and the situation in which it is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agents.offline.follow_up import CONFIRM

if TYPE_CHECKING:
    from agents.content.document import Topic
    from agents.offline.follow_up import Draft

_ROLES = ("customer", "station", "staff", "support")
TOOLS = {
    "create": "create_voucher",
    "redeem": "redeem_voucher",
    "void": "void_voucher",
    "lookup": "lookup_customer",
    "list": "list_vouchers",
    "resend": "resend_code",
    "reverse": "reverse_redemption",
}
# They answer a question and leave an incomplete request open.
READING = frozenset({"answer_question", "list_stations", "list_vouchers"})


@dataclass(frozen=True)
class Situation:
    """The person's role, and what is available in this turn."""

    role: str
    tools: frozenset[str]
    has_pending: bool = False
    restricted: bool = False
    # The operators' topics.
    topics: tuple[Topic, ...] = ()

    @property
    def texts_role(self) -> str:
        return self.role if self.role in _ROLES else "customer"


@dataclass(frozen=True)
class Answer:
    """A fixed text by its key, its values, and the buttons under it by their keys."""

    key: str
    draft: Draft | None = None
    values: dict[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    draft: Draft | None = None


def beside(draft: Draft | None, step: Answer | Call) -> Answer | Call:
    """Keep the incomplete request while a question beside it is answered."""
    is_reading = isinstance(step, Call) and step.tool in READING
    if draft is None or not is_reading or draft.asked in {CONFIRM, "intent"}:
        return step
    return replace(step, draft=draft)
