"""Django's accounts and groups with the look of Unfold and their recorded changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from easymo.backoffice import reauthentication, second_factor, sessions
from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.names import permission_text
from easymo.backoffice.pages import AsksWho, BoundedLists, ListedLookups
from vouchers.admin.change import RecordedHistory
from vouchers.models import AuthorityChange

if TYPE_CHECKING:
    from django import forms
    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

admin.site.unregister(User)
admin.site.unregister(Group)
WAITS = _(
    "Account {} waits for a second operator (Roles and rights). It cannot sign in before."
)
WIDENED = _(
    "This group has members, so its rights cannot be widened: make another group. The"
    " accounts that join it wait for a second operator."
)


class KeptAdmin(AsksWho, RecordedHistory, BoundedLists, ListedLookups):
    """Objects that are never deleted, because their traces must stay."""

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: the objects are deactivated instead."""
        return False

    def formfield_for_manytomany(self, db_field: Any, *args: Any, **kwargs: Any) -> Any:
        """Name the rights in the language of the page."""
        made: Any = super()
        field: Any = made.formfield_for_manytomany(db_field, *args, **kwargs)
        if field is not None and db_field.related_model is Permission:
            field.label_from_instance = permission_text
        return field


@admin.register(User)
class AccountAdmin(KeptAdmin, UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """Accounts that may sign in, and their groups."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions_detail = ("reset_second_factor", "end_sessions")
    # Read by the actions.
    refusals: tuple[type[Exception], ...] = ()

    @form_action(
        _("Reset the second factor"),
        path="reset-second-factor",
        icon="phonelink_erase",
        permission="auth.change_user",
        asks_who=True,
        offered=lambda call: (
            not _is_own(call) and second_factor.factor_of(call.row) is not None
        ),
        explanation=_(
            "For a colleague who lost the phone and the recovery codes. All their"
            " sessions end. At the next sign-in they set up a new app; until then"
            " the password alone is enough, so talk to them first."
        ),
        subjects=lambda call: [call.row],
        is_dangerous=True,
    )
    def reset_second_factor(self, call: ActionCall[User]) -> str:
        second_factor.reset(user=call.row, reason=call.reason)
        call.log_change(call.row, f"Second factor reset: {call.reason}")
        return _("The second factor of %(name)s was reset.") % {
            "name": call.row.get_username()
        }

    @form_action(
        _("End the sessions"),
        path="end-sessions",
        icon="logout",
        permission="auth.change_user",
        offered=lambda call: (
            not _is_own(call) and sessions.open_sessions(call.row).exists()
        ),
        explanation=_("The account must sign in again, in every browser."),
        subjects=lambda call: [
            f"{row.browser or _('Unknown browser')}, {row.address or _('no address')}"
            for row in sessions.open_sessions(call.row)
        ],
        is_dangerous=True,
    )
    def end_sessions(self, call: ActionCall[User]) -> str:
        sessions.end_all(user=call.row, reason=call.reason)
        call.log_change(call.row, f"Sessions ended: {call.reason}")
        return _("The sessions of %(name)s have ended.") % {
            "name": call.row.get_username()
        }

    def user_change_password(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Ask who it is before the password of another account."""
        if answer := reauthentication.ask(request):
            return answer
        return super().user_change_password(request, *args, **kwargs)

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Say when the account waits: a trigger of the database decides it."""
        super().save_related(request, form, formsets, change)
        _tell_waiting(request, form.instance)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Say it also after a new password."""
        if not hasattr(request, "is_told"):
            _tell_waiting(request, obj)
        return super().log_change(request, obj, message)


def _is_own(call: ActionCall[User]) -> bool:
    return call.row.pk == call.request.user.pk


def _tell_waiting(request: Any, account: User) -> None:
    waits = AuthorityChange.objects.filter(account=account, decision="waiting")
    if waits.exists():
        messages.warning(request, WAITS.format(account.get_username()))
    request.is_told = True


@admin.register(Group)
class AccountGroupAdmin(KeptAdmin, GroupAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """Groups and their permissions."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Group]]:
        """Refuse wider rights of a group that has members."""
        plain: Any = super().get_form(request, obj, change=change, **kwargs)

        class GroupForm(plain):  # type: ignore[misc]
            def clean_permissions(self) -> Any:
                """Compare the permissions with those of the group."""
                wanted = self.cleaned_data["permissions"]
                group: Group = self.instance
                if group.pk is None or not group.user_set.exists():
                    return wanted
                had = group.permissions.values_list("pk", flat=True)
                if wanted.exclude(pk__in=had).exclude(codename__startswith="view_"):
                    raise ValidationError(WIDENED)
                return wanted

        return GroupForm
