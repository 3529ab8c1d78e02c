from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from easymo.backoffice.pages import ReadOnlyAdmin
from rollout.models import Notice
from rollout.reports import reports

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import URLPattern


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Notices to the staff: medium, recipient and delivery."""

    empty_text = _("Notices to the staff appear here when something happens.")
    list_display = (
        *("created_at", "subject", "medium", "recipient"),
        *("status", "attempts", "last_error"),
    )
    list_filter = ("status", "medium")
    search_fields = ("text", "recipient")
    fields = (
        *("created_at", "subject", "text", "medium", "recipient", "incident"),
        *("status", "attempts", "last_error", "next_attempt_at", "sent_at"),
    )
    list_select_related = ("incident",)

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the reports, which are sent as notices."""
        page = self.admin_site.admin_view(self.show_report)
        own = path("report/<slug:kind>/", page, name="rollout_report")
        return [own, *super().get_urls()]

    def show_report(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show a report up to now, or download it as Markdown."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if kind not in reports.KINDS:
            raise Http404
        if request.GET.get("as") == "markdown":
            # A file is read by others too, so it is in English.
            with translation.override(settings.LANGUAGE_CODE):
                made = reports.make(kind)
            name = f'attachment; filename="{kind}-report.md"'
            return HttpResponse(
                made.markdown,
                content_type="text/markdown",
                headers={"Content-Disposition": name},
            )
        made = reports.make(kind)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": str(made.title),
            "report": made,
            "kind": kind,
            "kinds": reports.KINDS,
        }
        return TemplateResponse(request, "admin/rollout/report.html", context)
