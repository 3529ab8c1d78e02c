from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from easymo.backoffice import groups, names

if TYPE_CHECKING:
    from collections.abc import Sequence


class AdminConfig(SimpleAdminConfig):
    """Django's admin; `easymo.urls` imports the admin modules, not every command."""

    default_site = "easymo.backoffice.site.Site"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_admin_pages, checks.Tags.admin)


class BackofficeConfig(AppConfig):
    default = True
    name = "easymo.backoffice"
    verbose_name = _("Back office")

    def ready(self) -> None:
        """Translate names, update the groups after ``migrate``, and follow sign-ins."""
        # Models must be loaded first.
        from easymo.backoffice import sessions  # noqa: PLC0415

        names.translate_names()
        # This is the last of the installed apps, so every permission exists by then.
        post_migrate.connect(groups.sync, sender=self)
        user_logged_in.connect(sessions.begin, dispatch_uid="browser-session")
        user_logged_out.connect(sessions.end_current, dispatch_uid="browser-session")


def check_admin_pages(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Import all admin modules, then run Django's check of them."""
    admin.autodiscover()
    return list(check_admin_app(app_configs, **kwargs))
