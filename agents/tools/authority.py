"""Which role may call which tool, and under which rule.

Nothing here depends on the model's output.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from vouchers.authority import Operation, may
from vouchers.models import Profile


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


# The customers that a person in this role may act for.
_REACH = {
    Profile.Role.CUSTOMER: Reach.OWN,
    Profile.Role.STATION: Reach.CODE_IN_HAND,
    Profile.Role.STAFF: Reach.ANYONE,
    Profile.Role.SUPPORT: Reach.ANYONE,
}
# The tools that change vouchers; vouchers/authority.py says which roles may use them.
_OPERATIONS = {
    "create_voucher": Operation.ISSUE,
    "redeem_voucher": Operation.REDEEM,
    "void_voucher": Operation.VOID,
    "reverse_redemption": Operation.REVERSE,
}
_ALWAYS_CONFIRMED = frozenset({"void_voucher", "reverse_redemption"})
# They have a rule about the station.
_AT_STATION = frozenset({"redeem_voucher", "reverse_redemption"})


def rule_of(role: Profile.Role, tool: str) -> Rule | None:
    """Return the rule of a role, whatever its profile lacks."""
    if tool in {"list_vouchers", "hand_off", "list_stations", "answer_question"}:
        return Rule(Reach.OWN)
    if tool == "resend_code":
        return Rule(Reach.OWN, Button.ALWAYS)
    reach = _REACH[role]
    if tool == "lookup_customer":
        return Rule(reach)
    if not may(role, _OPERATIONS[tool]):
        return None
    needs_press = tool in _ALWAYS_CONFIRMED or role == Profile.Role.CUSTOMER
    button = Button.ALWAYS if needs_press else Button.UNLESS_OWN_WORDS
    if tool not in _AT_STATION:
        return Rule(reach, button)
    is_station = role == Profile.Role.STATION
    at = StationRule.OWN_STATION if is_station else StationRule.NAMED_STATION
    return Rule(reach, button, at)


# A code is shown, never spoken; a redemption is taken back by code or reference.
_CHAT_ONLY = frozenset({"resend_code", "reverse_redemption"})
# The feature that each tool needs, by its name in the exposure of a turn.
NEEDS: dict[str, str | None] = {
    "lookup_customer": "customer_lookup",
    "create_voucher": "vouchers",
    "redeem_voucher": "vouchers",
    "void_voucher": "vouchers",
    "list_vouchers": "vouchers",
    "resend_code": "vouchers",
    "reverse_redemption": "vouchers",
    "list_stations": None,
    "answer_question": None,
    "hand_off": None,
}


@dataclass(frozen=True)
class Access:
    """What a channel allows; the role limits it further."""

    # None: every tool.
    tools: frozenset[str] | None = None
    # Words never confirm a change, and a plain request does not either.
    always_confirms: bool = False


# By channel, and by whether the person proved in this call who they are. A message of
# WhatsApp is signed, so its sender is known. A calling number proves nothing: without the
# PIN, or the button in WhatsApp, a caller gets general help and can ask for a person.
# Other channels have no tools.
GENERAL = frozenset({"hand_off", "list_stations", "answer_question"})
ACCESS: dict[tuple[str, bool], Access] = {
    ("whatsapp", False): Access(),
    ("whatsapp", True): Access(),
    ("voice", False): Access(tools=GENERAL),
    ("voice", True): Access(always_confirms=True),
}


def needs_pin(*, tool: str, channel: str, is_verified: bool) -> bool:
    """Tell whether the caller has to prove who they are before this tool is used.

    It does not depend on the person, so that the answer tells nothing about them.
    """
    access = ACCESS.get((channel, is_verified))
    return access is not None and access.tools is not None and tool not in access.tools


def rule_for(
    *, profile: Profile, tool: str, channel: str, is_verified: bool = False
) -> Rule | None:
    """Return the rule, or None when the call is forbidden."""
    access = ACCESS.get((channel, is_verified))
    if access is None or not profile.is_active or profile.role not in Profile.Role:
        return None
    if access.tools is not None and tool not in access.tools:
        return None
    if tool in _CHAT_ONLY and channel != "whatsapp":
        return None
    rule = rule_of(Profile.Role(profile.role), tool)
    if rule and rule.station is StationRule.OWN_STATION and profile.station_id is None:
        return None
    if rule and access.always_confirms and rule.button is not Button.NEVER:
        return replace(rule, button=Button.ALWAYS)
    return rule


def may_call(role: Profile.Role, tool: str) -> bool:
    """Tell whether people in this role may call the tool."""
    return rule_of(role, tool) is not None


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
