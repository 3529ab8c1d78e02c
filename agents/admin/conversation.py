from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from agents.admin.block import block_person
from agents.admin.conversation_actions import ColleagueActions, open_until
from agents.handoff.thread import thread
from agents.identity import blocks, consent
from agents.models import Conversation, Turn
from easymo.observability.privacy import mask_msisdn
from vouchers.msisdn import InvalidMsisdn, parse

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
    """What was said, and what the agent did for it, in one thread."""

    list_display = (
        "person",
        "number",
        "language",
        "last_inbound_at",
        "turn_count",
        "last_outcome",
        "word",
        "is_synthetic",
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
    search_help_text = "A name, a whole number in any spelling, or the id"
    ordering = ("-last_inbound_at", "-id")
    fields = (
        ("person", "number", "language"),
        ("last_inbound_at", "window", "word"),
        ("paused_until", "is_synthetic"),
        ("wants_messages", "blocked"),
    )
    readonly_fields = (
        "person",
        "number",
        "language",
        "last_inbound_at",
        "window",
        "word",
        "paused_until",
        "is_synthetic",
        "wants_messages",
        "blocked",
    )
    actions_detail = (*ColleagueActions.actions_detail, "block_one")
    change_form_after_template = "admin/agents/thread.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        """Add the number of turns and how the last one ended, in the same query."""
        newest = Turn.objects.filter(conversation=OuterRef("pk")).order_by("-id")
        rows: QuerySet[Conversation] = super().get_queryset(request)
        return rows.annotate(
            turn_total=Count("turns", filter=~Q(turns__status="abandoned")),
            newest_outcome=Subquery(newest.values("outcome")[:1]),
        )

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Conversation],
        search_term: str,
    ) -> tuple[QuerySet[Conversation], bool]:
        """Let a whole number, in any spelling, find its person."""
        try:
            number = parse(search_term.strip())
        except InvalidMsisdn:
            found, is_doubled = super().get_search_results(
                request, queryset, search_term
            )
            return found, bool(is_doubled)
        return queryset.filter(profile__msisdn=number), False

    def conversation_of(self, object_id: str) -> Conversation | None:
        """Return the conversation of this page."""
        rows = Conversation.objects.select_related("profile")
        return rows.filter(pk=object_id).first()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the thread below the facts, newest part first on long ones."""
        extra = {"thread": thread(object_id)} if object_id else {}
        context = (extra_context or {}) | extra
        return super().changeform_view(request, object_id, form_url, context)

    @display(description="Person", ordering="profile__name")
    def person(self, row: Conversation) -> str:
        return str(row.profile)

    @display(description="Number")
    def number(self, row: Conversation) -> str:
        return mask_msisdn(row.profile.msisdn)

    @display(description="Messages unasked")
    def wants_messages(self, row: Conversation) -> str:
        if not consent.is_opted_out(row.profile):
            return "as usual"
        return "none: she said STOP"

    @display(description="Blocked", boolean=True)
    def blocked(self, row: Conversation) -> bool:
        return blocks.is_blocked(row.profile)

    def has_block_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Blocking is a right of its own."""
        return request.user.has_perm("agents.block_person")

    @action(description="Block", url_path="block", icon="block", permissions=["block"])
    def block_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give this person no answer for a while."""
        row = get_object_or_404(
            Conversation.objects.select_related("profile"), pk=object_id
        )
        back = reverse("admin:agents_conversation_change", args=[row.pk])
        return block_person(
            request=request, site=self.admin_site, profile=row.profile, back=back
        )

    @display(description="May be answered for")
    def window(self, row: Conversation) -> str:
        return open_until(row)

    @display(description="Who answers", label={"a colleague": "warning"})
    def word(self, row: Conversation) -> str:
        return "a colleague" if row.is_paused(timezone.now()) else "the agent"

    @display(description="Turns")
    def turn_count(self, row: Any) -> int:
        return int(row.turn_total)

    @display(description="Last answer", label=OUTCOME_COLOURS)
    def last_outcome(self, row: Any) -> str:
        return row.newest_outcome or "—"
