from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.core.code_redaction import redact_codes, renumber_codes
from agents.models import Conversation, HandOff
from agents.tools import registry
from agents.tools.base import Payload, ToolContext, ToolResult
from rollout.flags.exposure import exposure_of
from vouchers.actors import Actor
from vouchers.models import Profile, Refusal, Station, Voucher, VoucherEvent
from vouchers.money import Money
from vouchers.services.issue import Issued, issue_voucher
from vouchers.services.profiles import add_station, create_or_change_profile

if TYPE_CHECKING:
    from collections.abc import Callable

_keys = count(1)


@dataclass
class Cast:
    """The people of the tests."""

    kimironko: Station
    nyabugogo: Station
    # A customer, and another one.
    aline: Profile
    bosco: Profile
    # Station staff at Kimironko, staff, support.
    claudine: Profile
    diane: Profile
    emile: Profile

    def issue(self, owner: Profile, amount: int = 5_000) -> Issued:
        actor = Actor.of_profile(self.diane, channel="whatsapp")
        money = Money(amount, "RWF")
        key = f"given:{next(_keys)}"
        return issue_voucher(customer=owner, amount=money, actor=actor, key=key)


@pytest.fixture
def cast(db: None, switch: Callable[..., None]) -> Cast:
    switch(chat=True, vouchers=True, customer_lookup=True)
    add_station(code="KIMIRONKO", name="Kimironko")
    add_station(code="NYABUGOGO", name="Nyabugogo Road")

    def person(
        number: str, name: str, role: str, station: str | None = None
    ) -> Profile:
        return create_or_change_profile(
            msisdn=number, name=name, role=role, station=station
        )

    return Cast(
        kimironko=Station.objects.get(code="KIMIRONKO"),
        nyabugogo=Station.objects.get(code="NYABUGOGO"),
        aline=person("+250788000001", "Aline", "customer"),
        bosco=person("+250788000002", "Bosco", "customer"),
        claudine=person("+250788000003", "Claudine", "station", "KIMIRONKO"),
        diane=person("+250788000004", "Diane", "staff"),
        emile=person("+250788000005", "Emile", "support"),
    )


def context_of(
    profile: Profile, *written: str, language: str = "en", **fields: Any
) -> ToolContext:
    """Return the context of a turn in which the person wrote these texts."""
    conversation, _ = Conversation.objects.get_or_create(
        profile=profile, phone_number_id="1"
    )
    texts, codes = renumber_codes([redact_codes(text) for text in written])
    known: dict[str, Any] = {
        "profile": profile,
        "conversation": conversation,
        "exposure": exposure_of(str(profile.public_id)),
        "turn_key": f"turn:{next(_keys)}:0",
        "language": language,
        "own_text": tuple(texts),
        "written_at": timezone.now(),
        "codes": codes,
    }
    return ToolContext(**known | fields)


def call(
    profile: Profile, tool: str, *written: str, confirmed: bool = False, **args: object
) -> ToolResult:
    """Call the tool as the model, after the person wrote these texts."""
    arguments = defaults(tool) | args
    context = context_of(profile, *written)
    return registry.execute(tool, arguments, context, confirmed=confirmed)


def defaults(tool: str) -> Payload:
    """Return arguments that name nothing."""
    properties = registry.BY_NAME[tool].parameters["properties"]
    return dict.fromkeys(properties)


def written() -> tuple[object, ...]:
    """Return all that a forbidden call may not change."""
    return (
        list(Voucher.objects.order_by("id").values_list("id", "status", "seq")),
        VoucherEvent.objects.count(),
        Refusal.objects.count(),
        HandOff.objects.count(),
        list(Profile.objects.order_by("id").values_list("id", "role", "station")),
    )
