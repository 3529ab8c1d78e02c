from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action, display

from agents.forwarding import queue
from agents.models import ForwardedItem, ForwardTarget
from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.reason import ReasonForm, ask

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

STATE_COLOURS = {
    "queued": "info",
    "sent": "success",
    "ours": "success",
    "expired": "danger",
}


@admin.register(ForwardedItem)
class ForwardedItemAdmin(ReadOnlyAdmin):
    """What went on to the previous workflow. Contents are never shown."""

    list_display = ("id", "kind", "why", "status", "created_at", "sent_at")
    list_filter = ("state", "kind", "reason")
    search_fields = ("=id", "=event__id")
    ordering = ("-id",)
    fields = (
        ("kind", "why", "status"),
        "event",
        ("created_at", "sent_at", "held_until"),
    )
    readonly_fields = (
        *("kind", "why", "status", "event"),
        *("created_at", "sent_at", "held_until"),
    )
    list_before_template = "admin/agents/forwarding.html"
    actions_list = ("try_now",)
    actions_detail = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ForwardedItem]:
        """Leave what people wrote in the database."""
        rows: QuerySet[ForwardedItem] = super().get_queryset(request)
        return rows.defer("content")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show above the list how the other side is doing."""
        context = (extra_context or {}) | {"forwarding": queue.overview()}
        return super().changelist_view(request, context)

    def has_resend_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Sending on is a right of its own."""
        return request.user.has_perm("agents.resend_forwarded")

    @display(description="Why")
    def why(self, row: ForwardedItem) -> str:
        return row.get_reason_display()

    @display(description="State", label=STATE_COLOURS)
    def status(self, row: ForwardedItem) -> str:
        return row.state

    @action(
        description="Try now",
        url_path="try-now",
        icon="refresh",
        permissions=["resend"],
    )
    def try_now(self, request: HttpRequest) -> HttpResponse:
        """End all pauses, because the other side was mended."""
        back = reverse("admin:agents_forwardeditem_changelist")
        form = ReasonForm(request.POST or None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            count = queue.retry_now()
            target = ForwardTarget.objects.get(pk=1)
            reason = form.cleaned_data["reason"]
            self.log_change(request, target, f"Tried now: {reason}")
            messages.success(request, f"{count} senders are tried now.")
            return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title="Try now",
            explanation="Everything that waits is tried at once.",
            submit="Try now",
            back=back,
        )

    @action(
        description="Send on again",
        url_path="send-again",
        icon="forward",
        permissions=["resend"],
    )
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send an item on once more, because the other side lost it."""
        row = get_object_or_404(ForwardedItem.objects.defer("content"), pk=object_id)
        back = reverse("admin:agents_forwardeditem_change", args=[row.pk])
        form = ReasonForm(request.POST or None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            if queue.send_again([row.pk]):
                self.log_change(
                    request, row, f"Sent on again: {form.cleaned_data['reason']}"
                )
                messages.success(request, "It is on its way again.")
            else:
                messages.error(request, "Only what was sent, and is kept, can be.")
            return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title="Send on again",
            explanation="The previous workflow will see it twice.",
            submit="Send on again",
            subjects=[row],
            back=back,
        )
