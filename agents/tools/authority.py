"""Who may do what, on which channel: the table of the contract, as data.

A row that is not here is forbidden. Nothing here reads what the model says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vouchers.models import Profile

CUSTOMER = Profile.Role.CUSTOMER
STATION = Profile.Role.STATION
STAFF = Profile.Role.STAFF
SUPPORT = Profile.Role.SUPPORT


class Reach(StrEnum):
    """Whose person or voucher a call may touch."""

    OWN = "own"
    # The owner of a voucher whose code the person has in hand.
    CODE_IN_HAND = "code in hand"
    ANYONE = "anyone"


class StationRule(StrEnum):
    """Where a voucher may be redeemed."""

    OWN_STATION = "own station"
    NAMED_STATION = "named station"


class Button(StrEnum):
    """When a change waits for the person's confirm button."""

    ALWAYS = "always"
    # Goes without one when the person wrote it herself, up to VOUCHER_CONFIRM_ABOVE.
    UNLESS_OWN_WORDS = "unless own words"
    NEVER = "never"


@dataclass(frozen=True)
class Rule:
    reach: Reach
    button: Button = Button.NEVER
    station: StationRule | None = None


_CHAT: dict[tuple[str, str], Rule] = {
    (CUSTOMER, "lookup_customer"): Rule(Reach.OWN),
    (STATION, "lookup_customer"): Rule(Reach.CODE_IN_HAND),
    (STAFF, "lookup_customer"): Rule(Reach.ANYONE),
    (SUPPORT, "lookup_customer"): Rule(Reach.ANYONE),
    (STAFF, "create_voucher"): Rule(Reach.ANYONE, Button.UNLESS_OWN_WORDS),
    (CUSTOMER, "redeem_voucher"): Rule(
        Reach.OWN, Button.ALWAYS, StationRule.NAMED_STATION
    ),
    (STATION, "redeem_voucher"): Rule(
        Reach.CODE_IN_HAND, Button.UNLESS_OWN_WORDS, StationRule.OWN_STATION
    ),
    (STAFF, "redeem_voucher"): Rule(
        Reach.ANYONE, Button.UNLESS_OWN_WORDS, StationRule.NAMED_STATION
    ),
    (STAFF, "void_voucher"): Rule(Reach.ANYONE, Button.ALWAYS),
    (SUPPORT, "void_voucher"): Rule(Reach.ANYONE, Button.ALWAYS),
    (CUSTOMER, "list_vouchers"): Rule(Reach.OWN),
    (STATION, "list_vouchers"): Rule(Reach.OWN),
    (STAFF, "list_vouchers"): Rule(Reach.OWN),
    (SUPPORT, "list_vouchers"): Rule(Reach.OWN),
    (CUSTOMER, "hand_off"): Rule(Reach.OWN),
    (STATION, "hand_off"): Rule(Reach.OWN),
    (STAFF, "hand_off"): Rule(Reach.OWN),
    (SUPPORT, "hand_off"): Rule(Reach.OWN),
}

TABLE: dict[str, dict[tuple[str, str], Rule]] = {"whatsapp": _CHAT}

# The switch each tool hangs on, by its name in the exposure of a turn.
NEEDS: dict[str, str | None] = {
    "lookup_customer": "customer_lookup",
    "create_voucher": "vouchers",
    "redeem_voucher": "vouchers",
    "void_voucher": "vouchers",
    "list_vouchers": "vouchers",
    "hand_off": None,
}


def rule_for(*, profile: Profile, tool: str, channel: str) -> Rule | None:
    """Return the rule, or None: forbidden."""
    if not profile.is_active:
        return None
    rule = TABLE.get(channel, {}).get((profile.role, tool))
    if rule and rule.station is StationRule.OWN_STATION and profile.station_id is None:
        return None
    return rule


def is_on(exposure: object, tool: str) -> bool:
    needed = NEEDS[tool]
    return needed is None or bool(getattr(exposure, needed))


def may_act_on(actor: Profile, other: Profile, *, spends: bool) -> bool:
    """Say whether these two may meet in one operation.

    Sandbox people, whom anyone plays in the simulator, touch only each other; and
    what a sandbox person holds is never spent by a real one, for that is real fuel.
    """
    if actor.is_sandbox or spends:
        return actor.is_sandbox == other.is_sandbox
    return True
