from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from agents.admin.base import AgentsAdmin
from agents.identity import blocks
from agents.models import Block, Conversation
from easymo.backoffice.actions import ActionCall, form_action, list_url
from easymo.backoffice.filters import OpenFirstFilter
from easymo.backoffice.reason import ReasonForm
from easymo.backoffice.windows import Window, chosen, keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PERMISSION = "agents.block_person"
SPANS = {
    "day": (_("One day"), timedelta(days=1)),
    "week": (_("One week"), timedelta(days=7)),
    "month": (_("30 days"), timedelta(days=30)),
    "ever": (_("Until it is lifted"), None),
}


class BlockForm(ReasonForm):
    """Asks for how long, and why, a person is blocked."""

    field_order = ["span", "reason"]
    span = forms.ChoiceField(
        label=_("How long"),
        choices=[(name, label) for name, (label, _) in SPANS.items()],
        widget=UnfoldAdminSelectWidget,
    )


class InForceFilter(OpenFirstFilter):
    """Blocks in force, unless the user asks for ended ones."""

    open_label = _("in force")
    done_label = _("ended")

    def is_open(self) -> Q:
        now = timezone.now()
        return Q(lifted_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))


@admin.register(Block)
class BlockAdmin(AgentsAdmin):
    """People that the agent does not answer: blocked by, reason and end."""

    empty_text = _(
        "People that the agent does not answer are listed here. Block a person "
        "on the page of the conversation."
    )
    list_display = ("person", "reason", "blocked_by", "created_at", "until", "holds")
    list_filter = (InForceFilter,)
    list_select_related = ("profile",)
    search_fields = ("profile__name", "reason")
    number_lookup = "profile__msisdn"
    search_help_text = _("A name, a whole number in any spelling, or a reason")
    ordering = ("lifted_at", "-id")
    fields = (
        ("person", "holds"),
        ("reason", "blocked_by"),
        ("created_at", "expires_at"),
        ("lifted_at", "lifted_by", "lift_reason"),
    )
    actions_detail = ("lift_one",)

    def served(self, filters: Mapping[str, str], older: int | None) -> Window | None:
        """Read the blocks in force by their index: there are few among all."""
        if filters.get("show"):
            return None
        rows = Block.objects.filter(lifted_at=None).order_by("-pk")
        return chosen(keys_of(rows))

    @display(description=_("Person"))
    def person(self, row: Block) -> str:
        return str(row.profile)

    @display(description=_("Until"))
    def until(self, row: Block) -> object:
        return row.expires_at or gettext("it is lifted")

    @display(description=_("In force"), boolean=True)
    def holds(self, row: Block) -> bool:
        return blocks.is_in_force(row)

    @form_action(
        _("Lift"),
        path="lift",
        icon="lock_open",
        permission=PERMISSION,
        offered=lambda call: call.row.lifted_at is None,
        title=lambda call: gettext("Lift the block of {profile}").format(
            profile=call.row.profile
        ),
        explanation=_("The person's next messages are answered again."),
        back=list_url,
    )
    def lift_one(self, call: ActionCall[Block]) -> str:
        lifted = blocks.lift_block(block=call.row, reason=call.reason, actor=call.actor)
        state = "lifted" if lifted else gettext("was already lifted")
        return gettext("Block of {profile} {state}.").format(
            profile=call.row.profile, state=state
        )


def block_person(call: ActionCall[Conversation]) -> str:
    """Block the person of the conversation for the chosen time."""
    span, person = SPANS[call.data["span"]][1], call.row.profile
    made = blocks.block_profile(
        profile=person,
        reason=call.reason,
        actor=call.actor,
        expires_at=timezone.now() + span if span else None,
    )
    return f"{person} {'blocked' if made else gettext('was already blocked')}."
