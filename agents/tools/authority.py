"""The table of authority: which role may call which tool, and under which rule.

A role and tool without a row is forbidden. Nothing here depends on the model's output.
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
    """Whose record or voucher a call may use."""

    OWN = "own"
    # The voucher, and its owner, whose code the person has sent in this turn.
    CODE_IN_HAND = "code in hand"
    ANYONE = "anyone"


class StationRule(StrEnum):
    """At which station a role may redeem."""

    OWN_STATION = "own station"
    NAMED_STATION = "named station"


class Button(StrEnum):
    """When a change needs the confirm button."""

    ALWAYS = "always"
    # Not needed when the person wrote the request plainly, up to VOUCHER_CONFIRM_ABOVE.
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
    **{
        (role, tool): Rule(Reach.OWN)
        for role in (CUSTOMER, STATION, STAFF, SUPPORT)
        for tool in ("list_vouchers", "hand_off")
    },
}

TABLE: dict[str, dict[tuple[str, str], Rule]] = {"whatsapp": _CHAT}

# The feature that each tool needs, by its name in the exposure of a turn.
NEEDS: dict[str, str | None] = {
    "lookup_customer": "customer_lookup",
    "create_voucher": "vouchers",
    "redeem_voucher": "vouchers",
    "void_voucher": "vouchers",
    "list_vouchers": "vouchers",
    "hand_off": None,
}


def rule_for(*, profile: Profile, tool: str, channel: str) -> Rule | None:
    """Return the rule, or None when the call is forbidden."""
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
    """Tell whether one profile may act on another in one operation.

    Sandbox profiles, which the simulator uses, act only on each other. A real profile
    never spends the voucher of a sandbox profile, because the fuel would be real.
    """
    if actor.is_sandbox or spends:
        return actor.is_sandbox == other.is_sandbox
    return True
