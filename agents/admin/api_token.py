from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin.base import AgentsAdmin
from agents.admin.token_form import TokenForm
from agents.api import tokens
from agents.models import ApiToken
from easymo.backoffice.actions import ActionCall, form_action, list_url
from vouchers.admin.change import RecordedHistory

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


@admin.register(ApiToken)
class ApiTokenAdmin(RecordedHistory, AgentsAdmin):
    """Programs that may call the API, from where, and until when."""

    empty_text = _("API tokens of programs are listed here.")
    first_action = "create_one"
    actions_list = ("create_one",)
    list_display = (
        *("name", "may", "station", "is_in_force", "last_used_at", "expires_at"),
    )
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("station",)
    search_fields = ("name",)
    ordering = ("-revoked_at", "name")
    fields = (
        ("name", "may", "station"),
        ("allowed_from", "expires_at"),
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

    @form_action(
        _("Create a token"),
        path="new",
        icon="key",
        permission="agents.create_apitoken",
        asks_who=True,
        form=TokenForm,
        explanation=_("The secret is shown once, on the next page."),
        submit=_("Create"),
    )
    def create_one(self, call: ActionCall[None]) -> HttpResponse:
        """Show the secret in this answer only."""
        station = call.data["station"]
        row, secret = tokens.create_token(
            name=call.data["name"],
            scopes=call.data["scopes"],
            station=station.code if station else None,
            networks=call.data["networks"],
            expires_at=call.data["last_day"],
            actor=call.actor,
        )
        call.log_change(row, f"Created: {call.reason}")
        context = {
            **self.admin_site.each_context(call.request),
            "title": _("New API token"),
            "token": row,
            "secret": secret,
            "back": list_url(call),
        }
        return TemplateResponse(call.request, "admin/agents/token_made.html", context)

    @display(description=_("Only from"))
    def allowed_from(self, row: ApiToken) -> str:
        return ", ".join(row.networks) or str(_("everywhere"))

    @display(description=_("Scopes"))
    def may(self, row: ApiToken) -> str:
        return ", ".join(row.scopes)

    @display(description=_("In force"), boolean=True)
    def is_in_force(self, row: ApiToken) -> bool:
        return tokens.is_in_force(row)

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
