from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from agents.admin import block, phone_pin
from agents.admin.conversation_actions import ColleagueActions, open_until
from agents.handoff.thread import thread
from agents.identity import blocks, consent
from agents.models import Conversation, Turn
from easymo.backoffice.actions import ActionCall, form_action
from easymo.observability.privacy import mask_msisdn

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

OUTCOME_COLOURS = {
    "receipt": "success",
    "reply": "success",
    "confirm": "info",
    "hand_off": "warning",
    "apology": "danger",
}


@admin.register(Conversation)
class ConversationAdmin(ColleagueActions):
    """Conversations: messages and turns in one thread."""

    empty_text = (
        "Conversations appear here when people write on WhatsApp or in the simulator."
    )
    list_display = (
        *("person", "number", "language", "last_inbound_at", "turn_count"),
        *("last_outcome", "answered_by", "is_synthetic"),
    )
    list_display_links = ("person",)
    list_filter = (
        ("paused_at", admin.EmptyFieldListFilter),
        "is_synthetic",
        "language",
        "profile__role",
        ("last_inbound_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_select_related = ("profile",)
    search_fields = ("profile__name", "=public_id")
    number_lookup = "profile__msisdn"
    search_help_text = "A name, a whole number in any spelling, or the id"
    ordering = ("-last_inbound_at", "-id")
    fields = (
        ("person", "number", "language"),
        ("last_inbound_at", "window", "answered_by"),
        ("paused_until", "is_synthetic"),
        ("wants_messages", "blocked"),
    )
    actions_detail = (*ColleagueActions.actions_detail, "block_one", "send_pin_link")
    change_form_after_template = "admin/agents/thread.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        """Add the number of turns and how the last one ended, in the same query."""
        newest = Turn.objects.filter(conversation=OuterRef("pk")).order_by("-id")
        rows: QuerySet[Conversation] = super().get_queryset(request)
        return rows.annotate(
            turn_total=Count("turns", filter=~Q(turns__status="abandoned")),
            newest_outcome=Subquery(newest.values("outcome")[:1]),
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the thread below the fields."""
        extra = {"thread": thread(object_id)} if object_id else {}
        context = (extra_context or {}) | extra
        return super().changeform_view(request, object_id, form_url, context)

    @display(description="Person", ordering="profile__name")
    def person(self, row: Conversation) -> str:
        return str(row.profile)

    @display(description="Number")
    def number(self, row: Conversation) -> str:
        return mask_msisdn(row.profile.msisdn)

    @display(description="Messages on our initiative")
    def wants_messages(self, row: Conversation) -> str:
        if not consent.is_opted_out(row.profile):
            return "as usual"
        return "none: the customer sent STOP"

    @display(description="Blocked", boolean=True)
    def blocked(self, row: Conversation) -> bool:
        return blocks.is_blocked(row.profile)

    @form_action(
        "Block",
        path="block",
        icon="block",
        permission=block.PERMISSION,
        form=block.BlockForm,
        offered=lambda call: not blocks.is_blocked(call.row.profile),
        title=lambda call: f"Block {call.row.profile}",
        explanation="The person's messages are kept and not answered.",
        is_dangerous=True,
    )
    def block_one(self, call: ActionCall[Conversation]) -> str:
        return block.block_person(call)

    @form_action(
        "Send a PIN link",
        path="pin-link",
        icon="password",
        permission=phone_pin.PERMISSION,
        offered=lambda call: call.row.profile.is_active,
        title=lambda call: f"Send a PIN link to {call.row.profile}",
        explanation=phone_pin.EXPLANATION,
        submit="Send the link",
    )
    def send_pin_link(self, call: ActionCall[Conversation]) -> str:
        done = phone_pin.send_link(call, call.row.profile)
        call.log_change(call.row, f"PIN link sent: {call.reason}")
        return done

    @display(description="Answer window")
    def window(self, row: Conversation) -> str:
        return open_until(row)

    @display(description="Who answers", label={"a colleague": "warning"})
    def answered_by(self, row: Conversation) -> str:
        return "a colleague" if row.is_paused(timezone.now()) else "the agent"

    @display(description="Turns")
    def turn_count(self, row: Any) -> int:
        return int(row.turn_total)

    @display(description="Last answer", label=OUTCOME_COLOURS)
    def last_outcome(self, row: Any) -> str:
        return row.newest_outcome or "—"
