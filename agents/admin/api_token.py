from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin.base import AgentsAdmin
from agents.api import tokens
from agents.models import ApiToken
from easymo.backoffice.actions import ActionCall, form_action, list_url
from vouchers.admin.change import RecordedHistory

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(ApiToken)
class ApiTokenAdmin(RecordedHistory, AgentsAdmin):
    """Programs that may call the API; tokens are created on the command line."""

    empty_text = _(
        "API tokens of programs are listed here. `manage.py token create` makes one."
    )
    list_display = (
        *("name", "may", "station", "is_in_force", "last_used_at", "created_at"),
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
    actions_detail = ("revoke_one",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Leave the hashes in the database, and list the environment's token too."""
        tokens.sync_internal()
        rows: QuerySet[ApiToken] = super().get_queryset(request)
        return rows.defer("digest")

    @display(description=_("Scopes"))
    def may(self, row: ApiToken) -> str:
        return ", ".join(row.scopes)

    @display(description=_("In force"), boolean=True)
    def is_in_force(self, row: ApiToken) -> bool:
        return row.revoked_at is None

    @form_action(
        _("Revoke"),
        path="revoke",
        icon="key_off",
        permission="agents.revoke_apitoken",
        offered=lambda call: call.row.revoked_at is None,
        explanation=_("Its next call is refused. This cannot be undone."),
        subjects=lambda call: [call.row],
        is_dangerous=True,
        back=list_url,
    )
    def revoke_one(self, call: ActionCall[ApiToken]) -> str:
        tokens.revoke_token(name=call.row.name, actor=call.actor, reason=call.reason)
        call.log_change(call.row, f"Revoked: {call.reason}")
        return gettext("Token {name} revoked.").format(name=call.row.name)
