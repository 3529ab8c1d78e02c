from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.ranges import MomentRangeFilter
from easymo.backoffice.windows import Served
from easymo.observability.models import LeakFinding
from rollout.core.formatting import usd
from rollout.models import Observation

if TYPE_CHECKING:
    from uuid import UUID

LEVELS = {
    LeakFinding.Level.CANDIDATE.label: "warning",
    LeakFinding.Level.CONFIRMED.label: "danger",
}
OUTCOMES = {
    Observation.Outcome.DONE.label: "success",
    Observation.Outcome.FAILED.label: "danger",
    Observation.Outcome.HANDED_OVER.label: "info",
    Observation.Outcome.CAPPED.label: "warning",
}


@admin.register(Observation)
class ObservationAdmin(ReadOnlyAdmin):
    """Finished conversations and calls: the evidence behind the figures."""

    empty_text = _("Finished conversations and calls appear here as evidence.")
    list_display = (
        *("finished_at", "channel", "shown_outcome", "tried", "turns"),
        *("slowest", "shown_cost", "satisfied", "is_synthetic"),
    )
    list_display_links = ("finished_at",)
    list_filter = (
        "outcome",
        "channel",
        "is_synthetic",
        "satisfied",
        ("finished_at", MomentRangeFilter),
    )
    list_filter_submit = True
    served_filters = (Served("finished_at", "-finished_at"),)
    list_select_related = ("run",)
    ordering = ("-id",)
    fields = (
        *("started_at", "finished_at", "recorded_at", "run", "channel", "outcome"),
        *("calls", "failed", "turns", "latencies_ms", "waits_ms"),
        *("cost", "price_version", "errors", "satisfied", "is_synthetic"),
    )

    @display(description=_("Outcome"), label=OUTCOMES)
    def shown_outcome(self, row: Observation) -> str:
        return row.get_outcome_display()

    @display(description=_("Calls, failed"))
    def tried(self, row: Observation) -> str:
        return f"{row.calls}, {row.failed}"

    @display(description=_("Slowest"))
    def slowest(self, row: Observation) -> str:
        return f"{max(row.latencies_ms) / 1000:.1f} s" if row.latencies_ms else "—"

    @display(description=_("Cost"))
    def shown_cost(self, row: Observation) -> str:
        return gettext("unknown") if row.cost is None else str(usd(row.cost))


@admin.register(LeakFinding)
class LeakFindingAdmin(ReadOnlyAdmin):
    """Personal data that was not masked: where and when, never the data."""

    empty_text = _("No unmasked personal data was found. Findings appear here.")
    list_display = ("at", "shown_level", "kind", "sink", "times", "cause")
    list_display_links = ("at",)
    list_filter = ("level", "kind", "sink", ("at", MomentRangeFilter))
    served_filters = (Served("level", "-at"), Served("at", "-at"))
    list_filter_submit = True
    ordering = ("-id",)
    fields = ("at", "level", "kind", "sink", "times", "cause", "fingerprint")

    @display(description=_("Level"), label=LEVELS)
    def shown_level(self, row: LeakFinding) -> str:
        return row.get_level_display()

    @display(description=_("Correlation id"))
    def cause(self, row: LeakFinding) -> UUID | str:
        return row.correlation_id or "—"

    @display(description=_("Fingerprint (same data, same fingerprint)"))
    def fingerprint(self, row: LeakFinding) -> str:
        return bytes(row.digest).hex()[:12]
