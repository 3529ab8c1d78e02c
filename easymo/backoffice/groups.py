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

_FOR_VIEWERS = ("observability.view_leakfinding",)
_FOR_SUPPORT = (
    *_FOR_VIEWERS,
    "vouchers.see_numbers",
    "vouchers.void_voucher",
    "vouchers.rotate_code",
    "vouchers.reverse_redemption",
    "agents.close_handoff",
    "agents.block_person",
    "agents.answer_person",
    "agents.edit_replies",
    "agents.send_pin_link",
    "agents.resend_message",
    "agents.open_media",
)
_FOR_OPERATORS = (
    *_FOR_SUPPORT,
    "vouchers.approve_voucher",
    "vouchers.extend_voucher",
    "vouchers.print_card",
    "vouchers.issue_batch",
    "vouchers.change_people",
    "agents.edit_templates",
    "agents.resend_forwarded",
    "agents.close_circuit",
    "agents.revoke_apitoken",
    "agents.create_apitoken",
    "agents.use_simulator",
    "agents.decide_identity",
    "agents.publish_content",
    "rollout.change_exposure",
    "rollout.rollback",
    "rollout.move_stage",
    "rollout.approve_waiver",
    "rollout.send_announcement",
)
EXTRA = {VIEWER: _FOR_VIEWERS, SUPPORT: _FOR_SUPPORT, OPERATOR: _FOR_OPERATORS}


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
