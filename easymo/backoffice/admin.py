"""Django's accounts and groups with the look of Unfold."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from easymo.backoffice.pages import ListedLookups

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class AccountAdmin(ListedLookups, UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """Accounts that may sign in, and their groups."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class AccountGroupAdmin(ListedLookups, GroupAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """Groups and their permissions."""


def restrict_other_pages() -> None:
    """Restrict the lookups on the pages of libraries too."""
    for model, page in list(admin.site._registry.items()):
        if not isinstance(page, ListedLookups):
            restricted = type(type(page).__name__, (ListedLookups, type(page)), {})
            admin.site.unregister(model)
            admin.site.register(model, restricted)


# This app is the last one, so all pages are registered.
restrict_other_pages()
