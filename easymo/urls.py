from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from agents.admin import inbox
from agents.api import refusals
from easymo.backoffice import languages, oidc
from easymo.health import figures, healthz, landing, readyz, readyz_workers
from vouchers.admin import settlement

admin.autodiscover()

urlpatterns = [
    path("", landing, name="landing"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("readyz/workers", readyz_workers, name="readyz-workers"),
    path("metrics", figures, name="metrics"),
    path("", include("agents.urls")),
    path("api/rollout/", include("rollout.api.urls")),
    path("admin/room/", include("rollout.dashboard.urls")),
    path(
        "admin/settlement/", admin.site.admin_view(settlement.page), name="settlement"
    ),
    path("admin/language/", languages.choose, name="language"),
    path("admin/oidc/start", oidc.Start.as_view(), name="oidc-start"),
    path("admin/oidc/callback", oidc.Callback.as_view(), name="oidc-callback"),
    path("admin/inbox/", admin.site.admin_view(inbox.page), name="inbox"),
    path("admin/inbox/news/", admin.site.admin_view(inbox.news), name="inbox-news"),
    path("admin/", admin.site.urls),
]

handler400 = refusals.bad_request
handler404 = refusals.not_found
handler500 = refusals.server_error
