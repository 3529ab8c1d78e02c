from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action, display

from agents.core.code_redaction import PLACEHOLDER
from agents.core.errors import AgentError
from agents.handoff.thread import ERASED_TEXT
from agents.models import OutboundMessage
from agents.operations import resend
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

STATE_COLOURS = {
    "queued": "info",
    "sending": "info",
    "unknown": "warning",
    "sent": "success",
    "delivered": "success",
    "read": "success",
    "failed": "danger",
}


@admin.register(OutboundMessage)
class OutboundMessageAdmin(ReadOnlyAdmin):
    """What goes out: its state, its tries, the provider's word."""

    list_display = (
        "id",
        "person",
        "kind",
        "status",
        "attempts",
        "error_code",
        "created_at",
        "handed_over_at",
    )
    list_filter = (
        "state",
        ("given_up_at", admin.EmptyFieldListFilter),
        "kind",
        "error_code",
    )
    list_select_related = ("conversation__profile",)
    search_fields = ("=public_id", "=cause", "conversation__profile__name")
    ordering = ("-id",)
    fields = (
        ("person", "conversation", "kind"),
        ("status", "attempts", "error_code"),
        "text",
        ("written_by", "given_up_at"),
        ("public_id", "cause"),
        ("created_at", "handed_over_at", "delivered_at", "read_at"),
        ("next_attempt_at", "lease_expires_at"),
    )
    readonly_fields = (
        "person",
        "conversation",
        "kind",
        "status",
        "attempts",
        "error_code",
        "text",
        "written_by",
        "given_up_at",
        "public_id",
        "cause",
        "created_at",
        "handed_over_at",
        "delivered_at",
        "read_at",
        "next_attempt_at",
        "lease_expires_at",
    )

    actions_detail = ("send_again_one", "give_up_one")

    def has_settle_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """What failed, and nobody has settled, may be settled."""
        may = request.user.has_perm("agents.resend_message")
        if not may or object_id is None:
            return may
        return OutboundMessage.objects.filter(
            pk=object_id, state=OutboundMessage.State.FAILED, given_up_at=None
        ).exists()

    @action(
        description="Send again",
        url_path="send-again",
        icon="forward_to_inbox",
        permissions=["settle"],
    )
    def send_again_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Queue it once more, where that makes sense."""
        return self._settle(
            request,
            object_id,
            title="Send again",
            explanation="It is sent once more, as it was written. Where the answer "
            "was lost, she may read it twice.",
            change=resend.send_again,
        )

    @action(
        description="Give up",
        url_path="give-up",
        icon="unsubscribe",
        permissions=["settle"],
    )
    def give_up_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it off the list of what waits for somebody."""
        return self._settle(
            request,
            object_id,
            title="Give up",
            explanation="It will never be sent. She does not hear of it.",
            change=resend.give_up,
        )

    def _settle(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        title: str,
        explanation: str,
        change: Callable[..., bool],
    ) -> HttpResponse:
        message = get_object_or_404(
            OutboundMessage.objects.select_related("conversation__profile"),
            pk=object_id,
        )
        back = reverse("admin:agents_outboundmessage_change", args=[message.pk])
        form = ReasonForm(request.POST or None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            try:
                change(
                    message=message,
                    reason=form.cleaned_data["reason"],
                    actor=actor_of(request),
                )
            except AgentError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{title}: done.")
                return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=f"{title}: {message}",
            explanation=explanation,
            submit=title,
            subjects=[f"{message.conversation.profile}: {message.error_code}"],
            back=back,
        )

    @display(description="Text")
    def text(self, row: OutboundMessage) -> str:
        return PLACEHOLDER.sub("•••• •••• •••• ••••", row.body) or ERASED_TEXT

    @display(description="Person")
    def person(self, row: OutboundMessage) -> str:
        return str(row.conversation.profile)

    @display(description="State", label=STATE_COLOURS)
    def status(self, row: OutboundMessage) -> str:
        return "given up" if row.given_up_at else row.state
