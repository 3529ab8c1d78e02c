"""The evaluator is not heard of any more: nothing protects the customers by itself."""

from __future__ import annotations

from django.db import transaction

from rollout.models import Incident, TimelineEntry
from rollout.services import incidents, notify

KEY = "evaluator:silent"
ACTOR = "system"


def report(*, silent_s: float) -> bool:
    """Open its incident and queue the notice; False when somebody already has."""
    text = (
        f"The evaluator has not looked for {silent_s / 60:.0f} minutes: no breach is"
        " noticed, nothing is rolled back by itself. Is a worker running?"
    )
    with transaction.atomic():
        incident, is_new = Incident.objects.get_or_create(
            dedupe_key=KEY,
            resolved_at=None,
            defaults={
                "title": "The evaluator is silent",
                "severity": Incident.Severity.HIGH,
                "opened_by": ACTOR,
            },
        )
        if is_new:
            incidents.write(
                incident, kind=TimelineEntry.Kind.AUTO, author=ACTOR, text=text
            )
            notify.queue(incident=incident, text=text)
    return is_new
