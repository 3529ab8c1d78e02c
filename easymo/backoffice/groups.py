"""The three groups of the back office and their permissions.

``migrate`` adds missing permissions to these groups and never removes any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Q

if TYPE_CHECKING:
    from collections.abc import Iterable

APPS = ("agents", "vouchers", "rollout")

# Sees everything, with masked numbers.
VIEWER = "viewer"
# Helps customers: answers, voids, replaces codes, sends failed messages again.
SUPPORT = "support"
# Rolls the agent out and back; approves.
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
    """Create the three groups and add the permissions listed above."""
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    views = Q(content_type__app_label__in=APPS, codename__startswith="view_")
    for name, extra in EXTRA.items():
        group, _created = group_model.objects.get_or_create(name=name)
        group.permissions.add(*permission_model.objects.filter(views | _named(extra)))


def _named(names: Iterable[str]) -> Q:
    # An impossible pk, so that an empty list matches nothing.
    found = Q(pk=-1)
    for name in names:
        app, _, codename = name.partition(".")
        found |= Q(content_type__app_label=app, codename=codename)
    return found
