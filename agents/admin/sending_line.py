from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display

from agents.models import OutboundMessage, SendingLine
from agents.outbound import circuit_breaker
from agents.outbound.outbox import OPEN
from agents.whatsapp.error_table import describe
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm, ask

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

STATE_COLOURS = {"sends": "success", "slowed": "warning", "stopped": "danger"}


@admin.register(SendingLine)
class SendingLineAdmin(ReadOnlyAdmin):
    """Our numbers: which of them were kept from sending, why, and since when."""

    list_display = (
        *("phone_number_id", "status", "why", "since", "held_until", "waiting"),
    )
    list_filter = ("is_open", "error_code")
    search_fields = ("=phone_number_id",)
    ordering = ("-is_open", "-since")
    fields = (
        ("phone_number_id", "status", "waiting"),
        "why",
        ("error_code", "holds"),
        ("since", "held_until"),
        ("probe_id", "probe_expires_at"),
        ("closed_at", "closed_by"),
        "close_reason",
    )
    readonly_fields = (
        *("phone_number_id", "status", "waiting", "why", "error_code", "holds"),
        *("since", "held_until", "probe_id", "probe_expires_at"),
        *("closed_at", "closed_by", "close_reason"),
    )
    actions_detail = ("close_one",)

    def has_close_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Only what is held can be let go, by whoever may."""
        may = request.user.has_perm("agents.close_circuit")
        if not may or object_id is None:
            return may
        return SendingLine.objects.filter(pk=object_id, holds__gt=0).exists()

    @display(description="State", label=STATE_COLOURS)
    def status(self, row: SendingLine) -> str:
        if row.is_open:
            return "stopped"
        return "slowed" if row.holds and row.held_until > timezone.now() else "sends"

    @display(description="Why")
    def why(self, row: SendingLine) -> str:
        return describe(row.error_code) if row.error_code else "—"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SendingLine]:
        """Count what waits for all of them at once."""
        waiting = (
            OutboundMessage.objects.filter(
                conversation__phone_number_id=OuterRef("pk"), state__in=OPEN
            )
            .order_by()
            .values("conversation__phone_number_id")
            .annotate(count=Count("pk"))
        )
        found: QuerySet[SendingLine] = super().get_queryset(request)
        return found.annotate(
            waiting_count=Coalesce(Subquery(waiting.values("count")), 0)
        )

    @display(description="Messages that wait")
    def waiting(self, row: SendingLine) -> int:
        return int(row.waiting_count)  # type: ignore[attr-defined]

    @action(
        description="Let it send again",
        url_path="close",
        icon="play_arrow",
        permissions=["close"],
    )
    def close_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close the circuit, because the trouble was mended."""
        row = get_object_or_404(SendingLine, pk=object_id)
        back = reverse("admin:agents_sendingline_change", args=[row.pk])
        form = ReasonForm(request.POST or None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            closed = circuit_breaker.close_manually(
                sender=row,
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
            )
            messages.success(
                request, "It sends again." if closed else "It sends already."
            )
            return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title="Let the number send again",
            explanation="Everything that waits goes out at once. When the trouble is "
            "still there, the number is stopped again.",
            submit="Let it send",
            subjects=[f"{row.phone_number_id}: {self.why(row)}"],
            back=back,
        )
