from __future__ import annotations

from django.db import migrations
from django.utils import timezone

REASON = "a new deployment"


def begin(apps, schema_editor):
    Plan = apps.get_model("rollout", "Plan")
    if Plan.objects.exists():
        return
    run = apps.get_model("rollout", "StageRun").objects.create(
        stage="infrastructure",
        entered_at=timezone.now(),
        entered_by="system",
        reason=REASON,
    )
    Plan.objects.create(
        id=1,
        run=run,
        state="active",
        state_reason=f"{REASON[0].upper()}{REASON[1:]}.",
        state_since=timezone.now(),
    )
    apps.get_model("rollout", "PlanChange").objects.create(
        after={"stage": "infrastructure", "state": "active"},
        actor="system",
        source="system",
        reason=REASON,
    )
    apps.get_model("rollout", "EvaluatorLease").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("rollout", "0006_plan_and_evidence_guards")]

    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
