from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from agents.identity import blocks
from agents.models import Block
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm, ask

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from vouchers.models import Profile

SPANS = {
    "day": ("One day", timedelta(days=1)),
    "week": ("One week", timedelta(days=7)),
    "month": ("30 days", timedelta(days=30)),
    "ever": ("Until somebody lifts it", None),
}


class BlockForm(ReasonForm):
    """How long somebody gets no answer, and why."""

    field_order = ["span", "reason"]
    span = forms.ChoiceField(
        label="How long",
        choices=[(name, words) for name, (words, _) in SPANS.items()],
        widget=UnfoldAdminSelectWidget,
    )


@admin.register(Block)
class BlockAdmin(ReadOnlyAdmin):
    """Whom the agent does not answer: who decided so, why and until when."""

    list_display = ("person", "reason", "blocked_by", "created_at", "until", "holds")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    list_select_related = ("profile",)
    search_fields = ("profile__name", "=profile__msisdn", "reason")
    ordering = ("lifted_at", "-id")
    fields = (
        ("person", "holds"),
        ("reason", "blocked_by"),
        ("created_at", "expires_at"),
        ("lifted_at", "lifted_by", "lift_reason"),
    )
    readonly_fields = (
        *("person", "holds", "reason", "blocked_by", "created_at", "expires_at"),
        *("lifted_at", "lifted_by", "lift_reason"),
    )
    actions_detail = ("lift_one",)

    def has_block_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Blocking, and its end, are a right of their own."""
        return request.user.has_perm("agents.block_person")

    @display(description="Person")
    def person(self, row: Block) -> str:
        return str(row.profile)

    @display(description="Until")
    def until(self, row: Block) -> object:
        return row.expires_at or "lifted by hand"

    @display(description="In force", boolean=True)
    def holds(self, row: Block) -> bool:
        return blocks.is_in_force(row)

    @action(
        description="Lift", url_path="lift", icon="lock_open", permissions=["block"]
    )
    def lift_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, and answer the person again."""
        row = get_object_or_404(Block.objects.select_related("profile"), pk=object_id)
        back = reverse("admin:agents_block_changelist")
        form = ReasonForm(request.POST or None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            lifted = blocks.lift_block(
                block=row, reason=form.cleaned_data["reason"], actor=actor_of(request)
            )
            messages.success(request, "Lifted." if lifted else "It was lifted already.")
            return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title="Lift the block",
            explanation="What she writes from now on is answered again.",
            submit="Lift it",
            subjects=[row.profile],
            back=back,
        )


def block_person(
    *, request: HttpRequest, site: admin.AdminSite, profile: Profile, back: str
) -> HttpResponse:
    """Ask for how long and why, then block the person."""
    form = BlockForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        span = SPANS[form.cleaned_data["span"]][1]
        made = blocks.block_profile(
            profile=profile,
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
            expires_at=timezone.now() + span if span else None,
        )
        messages.success(request, "Blocked." if made else "She was blocked already.")
        return redirect(back)
    return ask(
        request=request,
        site=site,
        form=form,
        title=f"Block {profile}",
        explanation="What she writes is kept, and not answered.",
        submit="Block",
        subjects=[profile],
        is_dangerous=True,
        back=back,
    )
