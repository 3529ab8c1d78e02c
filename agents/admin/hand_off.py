from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q, Value
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin.conversation_actions import ColleagueActions, open_until
from agents.handoff import handoff
from agents.models import HandOff
from easymo.backoffice.actions import ActionCall, form_action, list_url
from easymo.backoffice.filters import OpenFirstFilter
from easymo.backoffice.reason import ReasonForm
from easymo.backoffice.windows import Window, chosen, keys_of
from easymo.observability.privacy import mask_msisdn
from vouchers.admin.base import may_see_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest


class ResolutionForm(ReasonForm):
    """Asks what was done."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = gettext("What was done")


class WaitingFilter(OpenFirstFilter):
    """Tasks that wait for a colleague, unless the user asks for closed ones."""

    open_label = _("waiting")

    def is_open(self) -> Q:
        return Q(closed_at=None)


@admin.register(HandOff)
class HandOffAdmin(ColleagueActions):
    """Conversations and tasks that wait for a colleague: who, why, since when."""

    empty_text = _(
        "No one waits. Tasks appear here when a person asks for a colleague or "
        "an identity needs a decision."
    )
    list_display = ("what", "person", "number", "reason", "since", "window", "is_open")
    list_filter = (WaitingFilter, "kind")
    list_select_related = ("profile", "conversation__profile")
    search_fields = ("profile__name", "reason")
    number_lookup = "profile__msisdn"
    search_help_text = _("A name, a whole number in any spelling, or a reason")
    ordering = ("closed_at", "opened_at")
    fields = (
        ("what", "person", "number", "talk"),
        ("reason", "window"),
        ("opened_at", "closed_at", "closed_by"),
        "resolution",
    )
    actions_detail = (*ColleagueActions.actions_detail, "close_one")

    def served(self, filters: Mapping[str, str], older: int | None) -> Window | None:
        """Read the tasks that wait by their index, the oldest first."""
        if filters.get("show"):
            return None
        rows = HandOff.objects.filter(closed_at=None).order_by("opened_at")
        return chosen(keys_of(rows))

    @display(description=_("What"), label={"asked for a colleague": "info"})
    def what(self, row: HandOff) -> str:
        return row.get_kind_display()

    @display(description=_("Person"))
    def person(self, row: HandOff) -> str:
        return str(row.profile)

    def get_queryset(self, request: HttpRequest) -> QuerySet[HandOff]:
        """Annotate whether the user may see whole numbers."""
        rows: QuerySet[HandOff] = super().get_queryset(request)
        return rows.annotate(may_see=Value(may_see_numbers(request)))

    @display(description=_("Number"))
    def number(self, row: Any) -> str:
        """Return the number, to call back."""
        number = row.profile.msisdn
        return (number or "—") if row.may_see else mask_msisdn(number)

    @display(description=_("Since"), ordering="opened_at")
    def since(self, row: HandOff) -> str:
        return gettext("{opened_at} ago").format(opened_at=timesince(row.opened_at))

    @display(description=_("Answer window"))
    def window(self, row: HandOff) -> str:
        return open_until(row.conversation) if row.closed_at is None else "—"

    @display(description=_("Conversation"))
    def talk(self, row: HandOff) -> str:
        if row.conversation_id is None:
            return "—"
        link = reverse("admin:agents_conversation_change", args=[row.conversation_id])
        return format_html(
            '<a href="{}">{}</a>', link, gettext("Open the conversation")
        )

    @display(description=_("Waiting"), boolean=True)
    def is_open(self, row: HandOff) -> bool:
        return row.closed_at is None

    @form_action(
        _("Close the task"),
        path="close",
        icon="task_alt",
        permission="agents.close_handoff",
        form=ResolutionForm,
        offered=lambda call: call.row.closed_at is None,
        title=lambda call: gettext("Close the task: {get_kind_display}").format(
            get_kind_display=call.row.get_kind_display()
        ),
        explanation=lambda call: call.row.reason,
        subjects=lambda call: [call.row.profile],
        back=list_url,
    )
    def close_one(self, call: ActionCall[HandOff]) -> str:
        closed = handoff.close(
            hand_off=call.row, resolution=call.reason, actor=call.actor
        )
        state = "closed" if closed else gettext("was already closed")
        return gettext("Task for {profile} {state}.").format(
            profile=call.row.profile, state=state
        )
