"""A running call of one of the cast, with the keypad and the tools of the product."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from agents.calls import recording, tools
from agents.calls.keypad import SETTLES_AFTER_S, KeyOutcome, Keypad
from agents.core.secret_digits import SecretDigits
from agents.identity import pin
from agents.llm.model import ToolRequest
from agents.models import Call, OutboundMessage, PendingAction
from agents.tools import registry
from tests.agents.calls.callers import attached
from vouchers.actors import Actor
from vouchers.money import Money
from vouchers.services.issue import Issued, issue_voucher

if TYPE_CHECKING:
    from agents.calls.reference import CallRef
    from agents.calls.tools import ToolOutcome
    from tests.agents.cast import Cast, Person

PIN, WRONG = "739154", "295173"
_numbers = count(1)


class Hands:
    """The time of the presses."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Phone:
    """A person on the phone."""

    person: Person
    ref: CallRef
    hands: Hands = field(default_factory=Hands)

    def __post_init__(self) -> None:
        self.keypad = Keypad(self.ref, self.hands)
        self.turn = recording.open_turn(self.ref)
        self.ordinals = count()

    @property
    def call(self) -> Call:
        return Call.objects.get(pk=self.ref.pk)

    def verify(self) -> Phone:
        recording.verified(self.ref, by="pin")
        return self

    def asks(self, name: str, **arguments: Any) -> ToolOutcome:
        """Let the model call a tool in the running turn."""
        properties = registry.BY_NAME[name].parameters["properties"]
        every = dict.fromkeys(properties) | arguments
        return tools.perform(
            self.ref,
            turn=self.turn,
            ordinal=next(self.ordinals),
            request=ToolRequest(f"call_{next(_numbers)}", name, json.dumps(every)),
            codes=self.keypad.codes,
        )

    def next_turn(self) -> None:
        self.turn = recording.open_turn(self.ref)
        self.ordinals = count()

    async def types(self, keys: str) -> KeyOutcome:
        """Press the keys one after the other; return what the last one meant.

        What waits for a pause gets it.
        """
        found = KeyOutcome()
        for key in keys:
            self.hands.at += 0.3
            found = await self.keypad.press(key)
        if found.settles:
            self.hands.at += SETTLES_AFTER_S
            found = await self.keypad.settle()
        return found

    @property
    def question(self) -> PendingAction | None:
        return tools.waiting_question(self.ref)

    @property
    def written(self) -> list[OutboundMessage]:
        """Return what the person got on WhatsApp about this call."""
        rows = OutboundMessage.objects.filter(cause__startswith=f"call:{self.ref.pk}:")
        return list(rows.order_by("id"))


def calls(person: Person, *, pin_digits: str = PIN) -> Phone:
    """Let the person call; they have a PIN when one is given."""
    if pin_digits:
        pin.set_pin(profile=person.profile, pin=SecretDigits(pin_digits), by="tests")
    return Phone(person, attached(person.profile.msisdn or ""))


def give(cast: Cast, owner: Person, amount: int = 5_000) -> Issued:
    return issue_voucher(
        customer=owner.profile,
        amount=Money(amount, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key=f"given:{next(_numbers)}",
    )
