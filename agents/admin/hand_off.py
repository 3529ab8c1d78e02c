from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timesince import timesince
from unfold.decorators import action, display

from agents.admin.conversation_actions import ColleagueActions, open_until
from agents.handoff import handoff
from agents.models import Conversation, HandOff
from easymo.backoffice.pages import actor_of
from easymo.backoffice.reason import ReasonForm, ask
from vouchers.msisdn import InvalidMsisdn, parse

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


@admin.register(HandOff)
class HandOffAdmin(ColleagueActions):
    """What waits for a person of ours: who, why, since when."""

    list_display = ("what", "person", "reason", "since", "window", "is_open")
    list_filter = ("kind", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("profile", "conversation__profile")
    search_fields = ("profile__name", "reason")
    search_help_text = "A name, a whole number in any spelling, or a reason"
    ordering = ("closed_at", "opened_at")
    fields = (
        ("what", "person", "talk"),
        ("reason", "window"),
        ("opened_at", "closed_at", "closed_by"),
        "resolution",
    )
    readonly_fields = (
        "what",
        "person",
        "talk",
        "reason",
        "window",
        "opened_at",
        "closed_at",
        "closed_by",
        "resolution",
    )
    actions_detail = ("answer_one", "pause_one", "resume_one", "close_one")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[HandOff], search_term: str
    ) -> tuple[QuerySet[HandOff], bool]:
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
        """Return the entry's conversation, or the person's newest one."""
        row = HandOff.objects.filter(pk=object_id).first()
        if row is None:
            return None
        talks = Conversation.objects.select_related("profile")
        if row.conversation_id is not None:
            return talks.filter(pk=row.conversation_id).first()
        return (
            talks.filter(profile_id=row.profile_id).order_by("-last_inbound_at").first()
        )

    def has_close_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Closing is a right of its own, and what is closed stays so."""
        if not request.user.has_perm("agents.close_handoff") or object_id is None:
            return request.user.has_perm("agents.close_handoff")
        return HandOff.objects.filter(pk=object_id, closed_at=None).exists()

    @display(description="What", label={"asked for a colleague": "info"})
    def what(self, row: HandOff) -> str:
        return row.get_kind_display()

    @display(description="Person")
    def person(self, row: HandOff) -> str:
        return str(row.profile)

    @display(description="Since", ordering="opened_at")
    def since(self, row: HandOff) -> str:
        return f"{timesince(row.opened_at)} ago"

    @display(description="May be answered for")
    def window(self, row: HandOff) -> str:
        return open_until(row.conversation) if row.closed_at is None else "—"

    @display(description="Conversation")
    def talk(self, row: HandOff) -> str:
        if row.conversation_id is None:
            return "—"
        link = reverse("admin:agents_conversation_change", args=[row.conversation_id])
        return format_html('<a href="{}">Open the conversation</a>', link)

    @display(description="Waiting", boolean=True)
    def is_open(self, row: HandOff) -> bool:
        return row.closed_at is None

    @action(
        description="Close",
        url_path="close",
        icon="task_alt",
        permissions=["close"],
    )
    def close_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask what was done, and take the entry off the list."""
        row = get_object_or_404(HandOff.objects.select_related("profile"), pk=object_id)
        form = ReasonForm(request.POST or None, label_suffix="")
        form.fields["reason"].label = "What was done"
        back = reverse("admin:agents_handoff_changelist")
        if request.method == "POST" and form.is_valid():
            closed = handoff.close(
                hand_off=row,
                resolution=form.cleaned_data["reason"],
                actor=actor_of(request),
            )
            word = "Closed." if closed else "It was closed already."
            messages.success(request, word)
            return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=f"Close: {row.get_kind_display()}",
            explanation=row.reason,
            submit="Close it",
            subjects=[row.profile],
            back=back,
        )
