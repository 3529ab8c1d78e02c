"""Pages of the sign-in, under /admin/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.urls import path

from easymo.backoffice import account_pages, oidc, password_reset
from easymo.backoffice.second_factor_pages import Leave, SecondFactor, SetUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.urls import URLPattern


def _own(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    return path(route, admin.site.admin_view(view), name=name)


urlpatterns = [
    path("oidc/start", oidc.Start.as_view(), name="oidc-start"),
    path("oidc/callback", oidc.Callback.as_view(), name="oidc-callback"),
    path("second-factor/", SecondFactor.as_view(), name="second-factor"),
    path("second-factor/set-up/", SetUp.as_view(), name="second-factor-set-up"),
    path("second-factor/leave/", Leave.as_view(), name="second-factor-leave"),
    path("password-reset/", password_reset.Request.as_view(), name="password-reset"),
    path("password-reset/new/", password_reset.Confirm.as_view(), name="password-new"),
    _own("account/", account_pages.account, "account"),
    _own(
        "account/sessions/<uuid:public_id>/end/",
        account_pages.end_session,
        "account-end-session",
    ),
    _own(
        "account/sessions/end-others/",
        account_pages.end_other_sessions,
        "account-end-others",
    ),
    _own("account/recovery-codes/", account_pages.renew_codes, "account-codes"),
    _own("account/remove-factor/", account_pages.remove_factor, "account-remove"),
    _own("reauthenticate/", account_pages.Reauthenticate.as_view(), "reauthenticate"),
]
