"""Pages of the roles and rights that wait, and of all recorded changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin, person_of
from easymo.backoffice.windows import Served, Window, chosen, keys_of
from vouchers.errors import VoucherError
from vouchers.models import AuthorityChange, ChangeRecord
from vouchers.services import roles

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest

DECISION_COLOURS = {
    AuthorityChange.Decision.WAITING.label: "warning",
    AuthorityChange.Decision.CONFIRMED.label: "success",
    AuthorityChange.Decision.REFUSED.label: "danger",
}
# The recorded tables in words.
TABLES = {
    "profiles": _("Person"),
    "vouchers_station": _("Station"),
    "agents_apitoken": _("API token"),
    "agents_phonepin": _("Phone PIN"),
    "auth_user": _("Account"),
    "auth_group": _("Group"),
    "auth_permission": _("Permission"),
    "auth_user_groups": _("Groups of account"),
    "auth_user_user_permissions": _("Permissions of account"),
    "auth_group_permissions": _("Permissions of group"),
    "backoffice_accountact": _("Security of account"),
    "otp_totp_totpdevice": _("Second factor of account"),
}
KINDS = {"insert": "added", "update": "changed", "delete": "removed"}


def _waits(call: ActionCall[AuthorityChange]) -> bool:
    return call.row.decision == AuthorityChange.Decision.WAITING


def _refusals(call: ActionCall[AuthorityChange]) -> list[str]:
    """Try to confirm it and take that back: one place knows who may."""
    giver = roles.Giver.of_user(person_of(call.request), reason="trial")
    try:
        with transaction.atomic():
            roles.confirm(change=call.row, giver=giver)
            transaction.set_rollback(True)
    except VoucherError as error:
        return [str(error)]
    finally:
        call.row.refresh_from_db()
    return []


def _subjects(row: AuthorityChange) -> list[str]:
    account = row.profile.user if row.profile is not None else None
    lines = [
        str(row.sentence),
        gettext("Given by {given_by_name}").format(given_by_name=row.given_by_name),
    ]
    if account is not None:
        lines.append(gettext("Own account: {name}").format(name=account.get_username()))
    return lines


def _giver(call: ActionCall[Any]) -> roles.Giver:
    return roles.Giver.of_user(person_of(call.request), reason=call.reason)


@admin.register(AuthorityChange)
class AuthorityChangeAdmin(ReadOnlyAdmin):
    """Roles and rights that were given; a second operator confirms or refuses them."""

    empty_text = _("A role or right that waits for a second operator appears here.")
    refusals = (VoucherError,)
    list_display = ("what_changes", "given_by_name", "given_at", "state")
    list_filter = ("decision", "kind")
    served_filters = (Served("decision", "-given_at", "waiting"),)
    list_select_related = ("profile", "account", "new_station")
    search_fields = ("given_by_name", "decided_by_name")
    ordering = ("-id",)
    fields = (
        "what_changes",
        ("given_by_name", "source", "given_at"),
        "reason",
        ("state", "decided_by_name", "decided_at"),
        "decision_reason",
    )
    readonly_fields = (
        "what_changes",
        "given_by_name",
        "source",
        "given_at",
        "reason",
        "state",
        "decided_by_name",
        "decided_at",
        "decision_reason",
    )
    actions_detail = ("confirm_one", "refuse_one")

    @display(description=_("Change"))
    def what_changes(self, row: AuthorityChange) -> str:
        return row.sentence

    @display(description=_("Decision"), label=DECISION_COLOURS)
    def state(self, row: AuthorityChange) -> str:
        return row.get_decision_display()

    @form_action(
        _("Confirm"),
        path="confirm",
        icon="verified",
        permission="vouchers.change_people",
        asks_who=True,
        offered=_waits,
        unmet=_refusals,
        explanation=_(
            "The role or the rights take effect. The person who gave them cannot"
            " confirm them."
        ),
        subjects=lambda call: _subjects(call.row),
    )
    def confirm_one(self, call: ActionCall[AuthorityChange]) -> str:
        roles.confirm(change=call.row, giver=_giver(call))
        call.log_change(call.row, f"Confirmed: {call.reason}")
        return gettext("Confirmed. {sentence}").format(sentence=call.row.sentence)

    @form_action(
        _("Refuse"),
        path="refuse",
        icon="block",
        permission="vouchers.change_people",
        offered=_waits,
        explanation=_("A role stays as it is. An account stays deactivated."),
        subjects=lambda call: _subjects(call.row),
        is_dangerous=True,
    )
    def refuse_one(self, call: ActionCall[AuthorityChange]) -> str:
        roles.refuse(change=call.row, giver=_giver(call))
        call.log_change(call.row, f"Refused: {call.reason}")
        return gettext("Refused. {sentence}").format(sentence=call.row.sentence)


@admin.register(ChangeRecord)
class ChangeRecordAdmin(ReadOnlyAdmin):
    """Every change of people, stations, tokens, accounts, groups and permissions."""

    empty_text = _("Each change of a person, a station or an account is kept here.")
    list_display = ("created_at", "thing", "change", "author", "way")
    list_display_links = ("created_at",)
    list_filter = ("table_name", "kind", "source")
    search_fields = ("=row_id", "=actor")
    search_help_text = _("The number of a row, or the name of an account")
    ordering = ("-id",)
    fields = (
        ("created_at", "thing", "kind"),
        ("before", "after"),
        ("author", "way", "database_role"),
    )
    readonly_fields = (
        "created_at",
        "thing",
        "kind",
        "before",
        "after",
        "author",
        "way",
        "database_role",
    )

    def find(self, request: HttpRequest, words: str) -> Window | None:
        """Find the changes of a row, whatever table it is in."""
        changes = ChangeRecord.objects.filter(
            table_name__in=TABLES, row_id=words.strip()
        )
        keys = keys_of(changes.order_by("-pk"))
        return chosen(keys) if keys else None

    @display(description=_("Object"))
    def thing(self, row: ChangeRecord) -> str:
        return f"{TABLES.get(row.table_name, row.table_name)} {row.row_id}"

    @display(description=_("Change"))
    def change(self, row: ChangeRecord) -> str:
        return change_text(row)

    @display(description=_("By"))
    def author(self, row: ChangeRecord) -> str:
        return row.actor or "—"

    @display(description=_("How"))
    def way(self, row: ChangeRecord) -> str:
        return way_of(row)


def change_text(row: ChangeRecord) -> str:
    """Say what changed: each column with its value before and after."""
    before, after = row.before or {}, row.after or {}
    parts = []
    for name in sorted({*before, *after}):
        label = name.removesuffix("_id").replace("_", " ")
        if after.get(name) == "changed" and name not in before:
            parts.append(gettext("{label} changed").format(label=label))
        elif name in before and name in after:
            parts.append(
                f"{label}: {_in_words(before[name])} → {_in_words(after[name])}"
            )
        elif (value := before.get(name, after.get(name))) not in (None, ""):
            parts.append(f"{label}: {_in_words(value)}")
    return f"{KINDS.get(row.kind, row.kind)}: {'; '.join(parts)}"


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "—" if value in (None, "") else str(value)


def way_of(row: ChangeRecord) -> str:
    """Return the source, or the database role of a change that names none."""
    return row.source or gettext("database role {database_role}").format(
        database_role=row.database_role
    )


class RecordedHistory:
    """Shows the recorded changes of an object on its page *History*."""

    # Its history comes from the database and is never empty.
    has_recorded_history = True

    model: type[Model]

    object_history_template = "admin/vouchers/history.html"

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Add the recorded changes."""
        context = {"records": history(self.model._meta.db_table, object_id)}
        page: Any = super()
        return page.history_view(request, object_id, (extra_context or {}) | context)


def history(table: str, row_id: str) -> list[dict[str, object]]:
    """Return the latest changes of a row, and of what an account or group was given."""
    tables = [name for name in TABLES if name == table or name.startswith(f"{table}_")]
    if table == "auth_user":
        tables += ["backoffice_accountact", "otp_totp_totpdevice"]
    rows = ChangeRecord.objects.filter(table_name__in=tables, row_id=row_id)
    return [
        {
            "at": row.created_at,
            "author": row.actor or "—",
            "way": way_of(row),
            "text": change_text(row),
        }
        for row in rows.order_by("-id")[:200]
    ]
