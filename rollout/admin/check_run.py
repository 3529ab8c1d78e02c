from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.utils.html import format_html, format_html_join
from procrastinate.exceptions import AlreadyEnqueued
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldBooleanSwitchWidget

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from rollout import tasks
from rollout.admin.actions import ask_and_do
from rollout.admin.permissions import ExposureRights
from rollout.models import CheckRun

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

LABELS = {True: "success", False: "danger"}


class LiveForm(forms.Form):
    live = forms.BooleanField(
        required=False,
        label="Ask OpenAI, Meta and Supabase too",
        help_text="It costs nothing, and takes some seconds more.",
        widget=UnfoldBooleanSwitchWidget(),
    )


@admin.register(CheckRun)
class CheckRunAdmin(ExposureRights, ReadOnlyAdmin):
    """Every run of the pre-flight, the smoke tests and the probe, line by line."""

    list_display = ("kind", "shown_passed", "told", "release", "actor", "finished_at")
    list_filter = ("kind", "passed", ("finished_at", RangeDateTimeFilter))
    list_filter_submit = True
    fields = (
        ("kind", "shown_passed", "is_live"),
        ("release", "actor"),
        ("started_at", "finished_at"),
        "lines",
    )
    readonly_fields = (
        "kind",
        "shown_passed",
        "is_live",
        "release",
        "actor",
        "started_at",
        "finished_at",
        "lines",
    )
    actions_list = ("run_preflight", "run_smoke")

    @display(description="Passed", label=LABELS)
    def shown_passed(self, row: CheckRun) -> tuple[bool, str]:
        return row.passed, "passed" if row.passed else "not passed"

    @display(description="Lines")
    def told(self, row: CheckRun) -> str:
        return ", ".join(f"{n} {word}" for word, n in row.counts.items() if n)

    @display(description="Lines")
    def lines(self, row: CheckRun) -> SafeString:
        rows = format_html_join(
            "",
            "<tr><td><b>{}</b></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (
                    one["status"],
                    one["title"],
                    one["detail"],
                    one["remedy"],
                    one.get("setting", ""),
                )
                for one in row.results
            ),
        )
        return format_html(
            "<table><tr><th></th><th>Line</th><th>Found</th><th>To mend</th><th></th>"
            "</tr>{}</table>",
            rows,
        )

    @action(
        description="Go through the pre-flight",
        url_path="run-preflight",
        icon="flight_takeoff",
        permissions=["move_stage"],
    )
    def run_preflight(self, request: HttpRequest) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            kind = CheckRun.Kind.PREFLIGHT
            return _ordered(kind, actor=actor_of(request), live=asked["live"])

        return ask_and_do(
            self,
            request,
            form=LiveForm(request.POST or None, label_suffix=""),
            do=do,
            title="Pre-flight",
            explanation=(
                "The worker goes through the checklist with its own settings, and the"
                " result stands in this list some seconds later. Nothing is changed."
            ),
            submit="Go through it",
            back="..",
        )

    @action(
        description="Run the smoke tests",
        url_path="run-smoke",
        icon="science",
        permissions=["move_stage"],
    )
    def run_smoke(self, request: HttpRequest) -> HttpResponse:
        def do(_: dict[str, Any]) -> str:
            return _ordered(CheckRun.Kind.SMOKE, actor=actor_of(request), live=True)

        return ask_and_do(
            self,
            request,
            form=forms.Form(request.POST or None),
            do=do,
            title="Smoke tests",
            explanation=(
                "The worker runs the guide's five tests with sandbox people of its own."
                " Two vouchers are issued and voided; nothing leaves the sandbox."
            ),
            submit="Run them",
            back="..",
        )


def _ordered(kind: CheckRun.Kind, *, actor: str, live: bool) -> str:
    """Leave it to a worker: one of a kind waits at a time."""
    job = tasks.run_checks.configure(queueing_lock=f"checks:{kind}")
    try:
        with transaction.atomic():
            job.defer(kind=str(kind), actor=actor, live=live)
    except AlreadyEnqueued:
        return f"A {kind.label} waits for its worker already."
    return f"The {kind.label} was ordered; its result comes into this list."
