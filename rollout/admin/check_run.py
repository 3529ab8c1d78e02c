from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.ranges import MomentRangeFilter
from easymo.backoffice.windows import Served
from rollout.admin.base import MOVE, RolloutAdmin
from rollout.admin.forms import ConfirmForm, LiveForm
from rollout.check_runs import requests
from rollout.models import CheckRun

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

# The page asks by this header for itself without its frame.
LIVE_HEADER = "X-Room-Live"
EVERY_S = 1.5
LABELS = {"passed": "success", "not passed": "danger"}
COLUMNS = ("status", "title", "detail", "remedy", "setting")


def _live_url(_call: ActionCall[None]) -> str:
    return reverse("check-runs")


def reload_s(request: HttpRequest) -> int:
    """Return the reload interval that a browser without scripts asked for."""
    return 3 if request.GET.get("every") else 0


@admin.register(CheckRun)
class CheckRunAdmin(RolloutAdmin):
    """All runs of pre-flight, smoke tests and probe, line by line."""

    empty_text = _(
        "Each run of the pre-flight, the smoke tests and the probe is kept here."
    )
    first_action = "run_preflight"
    list_display = ("kind", "shown_passed", "told", "release", "actor", "finished_at")
    list_filter = ("kind", "passed", ("finished_at", MomentRangeFilter))
    list_filter_submit = True
    served_filters = (Served("finished_at", "-finished_at"), Served("kind"))
    fields = (
        ("kind", "shown_passed", "is_live"),
        ("release", "actor"),
        ("started_at", "finished_at"),
        "lines",
    )
    actions_list = ("run_preflight", "run_smoke")

    @display(description=_("Result"), label=LABELS)
    def shown_passed(self, row: CheckRun) -> str:
        return "passed" if row.passed else gettext("not passed")

    @display(description=_("Lines"))
    def told(self, row: CheckRun) -> str:
        return ", ".join(f"{n} {status}" for status, n in row.counts.items() if n)

    @display(description=_("Lines"))
    def lines(self, row: CheckRun) -> SafeString:
        rows = format_html_join(
            "",
            "<tr><td><b>{}</b></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            ([one.get(name, "") for name in COLUMNS] for one in row.results),
        )
        return format_html(
            "<table><tr><th></th><th>Line</th><th>Found</th><th>Remedy</th><th></th>"
            "</tr>{}</table>",
            rows,
        )

    @form_action(
        _("Run the pre-flight"),
        path="run-preflight",
        icon="flight_takeoff",
        permission=MOVE,
        form=LiveForm,
        explanation=_(
            "A worker goes through the checklist with its own settings. Its"
            " lines appear one by one. Nothing is changed."
        ),
        submit=_("Run"),
        back=_live_url,
    )
    def run_preflight(self, call: ActionCall[None]) -> str:
        return _ask(CheckRun.Kind.PREFLIGHT, call.actor, live=call.data["live"])

    @form_action(
        _("Run the smoke tests"),
        path="run-smoke",
        icon="science",
        permission=MOVE,
        form=ConfirmForm,
        explanation=_(
            "A worker runs the guide's five tests with its own sandbox people."
            " Two vouchers are issued and voided. Nothing leaves the sandbox."
        ),
        submit=_("Run"),
        back=_live_url,
    )
    def run_smoke(self, call: ActionCall[None]) -> str:
        return _ask(CheckRun.Kind.SMOKE, call.actor, live=True)


def _ask(kind: CheckRun.Kind, actor: str, *, live: bool) -> str:
    """Ask for a run, unless one of this kind is under way."""
    _request, is_new = requests.ask_for_run(kind=kind, actor=actor, live=live)
    if not is_new:
        return gettext("A %(kind)s is under way already. Its lines appear below.") % {
            "kind": kind.label
        }
    return gettext("The run has been asked for. Its lines appear below.")


def live(request: HttpRequest) -> HttpResponse:
    """Show the newest run of each kind that a person asked for, line by line."""
    if not request.user.has_perm("rollout.view_checkrun"):
        raise PermissionDenied
    is_live = LIVE_HEADER in request.headers
    context = {
        **admin.site.each_context(request),
        "title": gettext("Check runs"),
        "runs": [
            {
                "title": str(kind.label).capitalize(),
                "request": requests.latest_request(kind),
                "button": f"admin:rollout_checkrun_run_{kind.value}",
            }
            for kind in (CheckRun.Kind.PREFLIGHT, CheckRun.Kind.SMOKE)
        ],
        "page_base": "rollout/bare.html" if is_live else "admin/base_site.html",
        "every_s": EVERY_S,
        "reload_s": reload_s(request),
        "may_run": request.user.has_perm(MOVE),
        "now": timezone.now(),
    }
    return TemplateResponse(request, "admin/rollout/check_runs.html", context)
