from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from agents.functions import elsewhere
from easymo.health import figures, healthz, readyz
from easymo.landing import landing

urlpatterns = [
    path("", landing, name="landing"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", figures, name="metrics"),
    path("", include("agents.urls")),
    path("api/rollout/", include("rollout.api.urls")),
    path("admin/room/", include("rollout.dashboard.urls")),
    path("admin/", admin.site.urls),
]

handler400 = elsewhere.bad_request
handler404 = elsewhere.not_found
handler500 = elsewhere.server_error
