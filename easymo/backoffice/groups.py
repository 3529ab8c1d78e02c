"""The three groups of the back office and what each may do.

Kept in step after every ``migrate``: permissions are added to these groups and
never taken from a group that a programme made for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Q

if TYPE_CHECKING:
    from collections.abc import Iterable

APPS = ("agents", "vouchers", "rollout")

# Looks at everything, numbers masked.
VIEWER = "viewer"
# Helps customers: answers them, voids, rotates codes, sends again what failed.
SUPPORT = "support"
# Brings the agent into service and back out of it; approves.
OPERATOR = "operator"

EXTRA = {
    VIEWER: ("observability.view_leakfinding",),
    SUPPORT: (
        "observability.view_leakfinding",
        "vouchers.see_numbers",
        "vouchers.void_voucher",
        "vouchers.rotate_code",
        "agents.close_handoff",
        "agents.block_person",
        "agents.answer_person",
        "agents.resend_message",
        "agents.open_media",
    ),
    OPERATOR: (
        "observability.view_leakfinding",
        "vouchers.see_numbers",
        "vouchers.void_voucher",
        "vouchers.rotate_code",
        "vouchers.approve_voucher",
        "vouchers.change_people",
        "agents.close_handoff",
        "agents.block_person",
        "agents.resend_forwarded",
        "agents.close_circuit",
        "agents.revoke_apitoken",
        "agents.answer_person",
        "agents.resend_message",
        "agents.use_simulator",
        "agents.decide_identity",
        "rollout.change_exposure",
        "rollout.rollback",
        "rollout.move_stage",
        "rollout.approve_waiver",
        "rollout.send_announcement",
        "agents.open_media",
    ),
}


def sync(**_: Any) -> None:
    """Make the three groups, and give each at least what this page says."""
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    views = Q(content_type__app_label__in=APPS, codename__startswith="view_")
    for name, extra in EXTRA.items():
        group, _created = group_model.objects.get_or_create(name=name)
        group.permissions.add(*permission_model.objects.filter(views | _named(extra)))


def _named(names: Iterable[str]) -> Q:
    # An impossible pk, so that no names at all mean no permission.
    found = Q(pk=-1)
    for name in names:
        app, _, codename = name.partition(".")
        found |= Q(content_type__app_label=app, codename=codename)
    return found
