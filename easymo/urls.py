from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from agents.admin import customer, find, inbox, replies
from agents.admin.waiting import waiting
from agents.api import refusals
from easymo.backoffice import languages
from easymo.health import figures, healthz, landing, readyz, readyz_workers
from rollout.admin import check_run, checklist, restore
from vouchers.admin import approvals, settlement

admin.autodiscover()

urlpatterns = [
    path("", landing, name="landing"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("readyz/workers", readyz_workers, name="readyz-workers"),
    path("metrics", figures, name="metrics"),
    path("", include("agents.urls")),
    path("api/rollout/", include("rollout.api.urls")),
    path("admin/rollout/restore/", admin.site.admin_view(restore.page), name="restore"),
    path(
        "admin/rollout/checklist/",
        admin.site.admin_view(checklist.grouped),
        name="checklist",
    ),
    path(
        "admin/rollout/check-runs/",
        admin.site.admin_view(check_run.live),
        name="check-runs",
    ),
    path("admin/room/", include("rollout.dashboard.urls")),
    path(
        "admin/settlement/", admin.site.admin_view(settlement.page), name="settlement"
    ),
    path("admin/find/", admin.site.admin_view(find.page), name="find"),
    path("admin/language/", languages.choose, name="language"),
    path("admin/", include("easymo.backoffice.urls")),
    path("admin/approvals/", admin.site.admin_view(approvals.page), name="approvals"),
    path(
        "admin/approvals/<int:pk>/",
        admin.site.admin_view(approvals.one),
        name="approval",
    ),
    path(
        "admin/customers/<int:pk>/",
        admin.site.admin_view(customer.page),
        name="customer",
    ),
    path("admin/inbox/", admin.site.admin_view(inbox.page), name="inbox"),
    path("admin/inbox/news/", admin.site.admin_view(inbox.news), name="inbox-news"),
    path("admin/inbox/replies/", admin.site.admin_view(replies.page), name="replies"),
    path(
        "admin/inbox/replies/new/",
        admin.site.admin_view(replies.edit_reply),
        name="reply-new",
    ),
    path(
        "admin/inbox/replies/<slug:key>/edit/",
        admin.site.admin_view(replies.edit_reply),
        name="reply",
    ),
    path(
        "admin/inbox/templates/new/",
        admin.site.admin_view(replies.edit_template),
        name="template-new",
    ),
    path(
        "admin/inbox/templates/<int:pk>/edit/",
        admin.site.admin_view(replies.edit_template),
        name="template",
    ),
    path(
        "admin/inbox/<slug:kind>/<int:pk>/remove/",
        admin.site.admin_view(replies.remove),
        name="reply-remove",
    ),
    path("admin/waiting/", admin.site.admin_view(waiting), name="waiting"),
    path("admin/", admin.site.urls),
]

handler400 = refusals.bad_request
handler404 = refusals.not_found
handler500 = refusals.server_error
