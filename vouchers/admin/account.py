"""Django's accounts and groups with the look of Unfold and their recorded changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from easymo.backoffice.pages import BoundedLists, ListedLookups
from vouchers.admin.change import RecordedHistory
from vouchers.models import AuthorityChange

if TYPE_CHECKING:
    from django import forms
    from django.db.models import Model
    from django.http import HttpRequest

admin.site.unregister(User)
admin.site.unregister(Group)
WAITS = "Account {} waits for a second operator (Roles and rights). It cannot sign in before."
WIDENED = (
    "This group has members, so its rights cannot be widened: make another group. The"
    " accounts that join it wait for a second operator."
)


class KeptAdmin(RecordedHistory, BoundedLists, ListedLookups):
    """Objects that are never deleted, because their traces must stay."""

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: the objects are deactivated instead."""
        return False


@admin.register(User)
class AccountAdmin(KeptAdmin, UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """Accounts that may sign in, and their groups."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

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
