from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action, display

from agents.models import HandOff
from agents.services import handoff
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm, ask

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@admin.register(HandOff)
class HandOffAdmin(ReadOnlyAdmin):
    """What waits for a person of ours: who, why, since when."""

    list_display = ("what", "person", "reason", "opened_at", "is_open")
    list_filter = ("kind", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("profile",)
    search_fields = ("profile__name", "=profile__msisdn", "reason")
    ordering = ("closed_at", "opened_at")
    fields = (
        ("what", "person", "conversation"),
        "reason",
        ("opened_at", "closed_at", "closed_by"),
        "resolution",
    )
    readonly_fields = (
        "what",
        "person",
        "conversation",
        "reason",
        "opened_at",
        "closed_at",
        "closed_by",
        "resolution",
    )
    actions_detail = ("close_one",)

    def has_close_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Closing is a right of its own."""
        return request.user.has_perm("agents.close_handoff")

    @display(description="What", label={"asked for a person": "info"})
    def what(self, row: HandOff) -> str:
        return row.get_kind_display()

    @display(description="Person")
    def person(self, row: HandOff) -> str:
        return str(row.profile)

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
