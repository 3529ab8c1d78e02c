from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db import transaction
from django.utils.html import format_html, format_html_join
from procrastinate.exceptions import AlreadyEnqueued
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.ranges import MomentRangeFilter
from easymo.backoffice.windows import Served
from rollout import tasks
from rollout.admin.base import MOVE, RolloutAdmin
from rollout.admin.forms import ConfirmForm, LiveForm
from rollout.models import CheckRun

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

LABELS = {"passed": "success", "not passed": "danger"}
COLUMNS = ("status", "title", "detail", "remedy", "setting")


@admin.register(CheckRun)
class CheckRunAdmin(RolloutAdmin):
    """All runs of pre-flight, smoke tests and probe, line by line."""

    empty_text = (
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

    @display(description="Result", label=LABELS)
    def shown_passed(self, row: CheckRun) -> str:
        return "passed" if row.passed else "not passed"

    @display(description="Lines")
    def told(self, row: CheckRun) -> str:
        return ", ".join(f"{n} {status}" for status, n in row.counts.items() if n)

    @display(description="Lines")
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
        "Run the pre-flight",
        path="run-preflight",
        icon="flight_takeoff",
        permission=MOVE,
        form=LiveForm,
        explanation="A worker goes through the checklist with its own settings. The"
        " result appears in this list some seconds later. Nothing is changed.",
        submit="Run",
    )
    def run_preflight(self, call: ActionCall[None]) -> str:
        return _enqueue(CheckRun.Kind.PREFLIGHT, call.actor, live=call.data["live"])

    @form_action(
        "Run the smoke tests",
        path="run-smoke",
        icon="science",
        permission=MOVE,
        form=ConfirmForm,
        explanation="A worker runs the guide's five tests with its own sandbox people."
        " Two vouchers are issued and voided. Nothing leaves the sandbox.",
        submit="Run",
    )
    def run_smoke(self, call: ActionCall[None]) -> str:
        return _enqueue(CheckRun.Kind.SMOKE, call.actor, live=True)


def _enqueue(kind: CheckRun.Kind, actor: str, *, live: bool) -> str:
    """Enqueue the job, unless one of this kind is waiting."""
    job = tasks.run_checks.configure(queueing_lock=f"checks:{kind}")
    try:
        with transaction.atomic():
            job.defer(kind=str(kind), actor=actor, live=live)
    except AlreadyEnqueued:
        return f"A {kind.label} is already waiting for a worker."
    return f"{kind.label} enqueued. Its result appears in this list."
