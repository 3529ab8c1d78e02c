"""Which roles may do which voucher operation.

The tools of the agent and the admin pages read their roles and permissions here. The
database enforces the same table (``voucher_may`` in ``sql/schema/common.sql``);
``tests/vouchers/test_authority.py`` compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vouchers.models import Profile


class Operation(StrEnum):
    ISSUE = "issue"
    REDEEM = "redeem"
    VOID = "void"
    # Replace the code.
    ROTATE = "rotate"
    # Take back a redemption.
    REVERSE = "reverse"
    # Give a later last day.
    EXTEND = "extend"
    # Approve or decline a request.
    APPROVE = "approve"


CUSTOMER, STAFF, STATION, SUPPORT = (
    Profile.Role.CUSTOMER.value,
    Profile.Role.STAFF.value,
    Profile.Role.STATION.value,
    Profile.Role.SUPPORT.value,
)
# Roles of callers without a profile: a login of the back office, an API token, the
# system itself.
USER, TOKEN, SYSTEM = "user", "token", "system"
ROLES = (CUSTOMER, STAFF, STATION, SUPPORT, USER, TOKEN, SYSTEM)


@dataclass(frozen=True, slots=True)
class Rule:
    """The roles that may do an operation, and the permission that a login needs."""

    roles: frozenset[str]
    # ``easymo/backoffice/groups.py`` gives it to groups.
    permission: str = ""


RULES: dict[Operation, Rule] = {
    Operation.ISSUE: Rule(
        frozenset({STAFF, USER, TOKEN, SYSTEM}), "vouchers.issue_batch"
    ),
    Operation.REDEEM: Rule(frozenset({CUSTOMER, STATION, STAFF, USER, TOKEN, SYSTEM})),
    Operation.VOID: Rule(
        frozenset({STAFF, SUPPORT, USER, TOKEN, SYSTEM}), "vouchers.void_voucher"
    ),
    Operation.ROTATE: Rule(
        frozenset({STAFF, SUPPORT, USER, SYSTEM}), "vouchers.rotate_code"
    ),
    Operation.REVERSE: Rule(frozenset({STATION, USER}), "vouchers.reverse_redemption"),
    Operation.EXTEND: Rule(frozenset({USER}), "vouchers.extend_voucher"),
    Operation.APPROVE: Rule(frozenset({USER}), "vouchers.approve_voucher"),
}


def may(role: str, operation: Operation) -> bool:
    """Tell whether a caller with this role may do the operation."""
    return role in RULES[operation].roles
