from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action, display

from agents.api import tokens
from agents.core.errors import TokenError
from agents.models import ApiToken
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm, ask

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Which programs may call the functions. Made on the command line only."""

    list_display = (
        "name",
        "may",
        "station",
        "is_in_force",
        "last_used_at",
        "created_at",
    )
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("station",)
    search_fields = ("name",)
    ordering = ("-revoked_at", "name")
    fields = (
        ("name", "may", "station"),
        ("created_at", "created_by", "last_used_at"),
        ("revoked_at", "revoked_by"),
        "revoke_reason",
    )
    readonly_fields = (
        "name",
        "may",
        "station",
        "created_at",
        "created_by",
        "last_used_at",
        "revoked_at",
        "revoked_by",
        "revoke_reason",
    )
    actions_detail = ("revoke_one",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Leave the hashes in the database, and list the environment's token too."""
        tokens.sync_internal()
        rows: QuerySet[ApiToken] = super().get_queryset(request)
        return rows.defer("digest")

    def has_revoke_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Revoking is a right of its own, and done once."""
        may = request.user.has_perm("agents.revoke_apitoken")
        if object_id is None or not may:
            return may
        return ApiToken.objects.filter(pk=object_id, revoked_at=None).exists()

    @display(description="May")
    def may(self, row: ApiToken) -> str:
        return ", ".join(row.scopes)

    @display(description="In force", boolean=True)
    def is_in_force(self, row: ApiToken) -> bool:
        return row.revoked_at is None

    @action(
        description="Revoke",
        url_path="revoke",
        icon="key_off",
        permissions=["revoke"],
    )
    def revoke_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, and end the token at once."""
        row = get_object_or_404(ApiToken, pk=object_id)
        form = ReasonForm(request.POST or None, label_suffix="")
        back = reverse("admin:agents_apitoken_changelist")
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                tokens.revoke_token(
                    name=row.name, actor=actor_of(request), reason=reason
                )
            except TokenError as error:
                messages.error(request, str(error))
            else:
                self.log_change(request, row, f"Revoked: {reason}")
                messages.success(request, f"{row.name} is revoked.")
            return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=f"Revoke {row.name}",
            explanation="Its next call is refused. This cannot be undone.",
            submit="Revoke it",
            subjects=[row],
            is_dangerous=True,
            back=back,
        )
