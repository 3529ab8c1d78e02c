from __future__ import annotations

import secrets

from django.db import migrations
from django.utils import timezone

FEATURES = (
    "FEATURE_AGENT_CHAT",
    "FEATURE_AGENT_VOICE",
    "FEATURE_AGENT_VOUCHERS",
    "FEATURE_AGENT_CUSTOMER_LOOKUP",
)
REASON = "a new deployment"
# The emergency contacts of the guide, in its order. Pre-flight warns until the first
# two have a name. The providers are not on call.
CONTACTS = (
    {"role": "On-call Engineer", "order": 1},
    {"role": "Platform Lead", "order": 2},
    {"role": "OpenAI Support", "name": "OpenAI", "email": "api-support@openai.com"},
    {"role": "Supabase Support", "name": "Supabase", "email": "support@supabase.io"},
)


def create_flags(apps, schema_editor):
    apps.get_model("rollout", "Epoch").objects.create(id=1, changed_at=timezone.now())
    for name in FEATURES:
        flag = apps.get_model("rollout", "AgentFlag").objects.create(
            name=name, everyone=False, salt=secrets.token_hex(8)
        )
        apps.get_model("rollout", "FlagChange").objects.create(
            flag=flag,
            kind="flag",
            actor="system",
            source="system",
            reason="registered, off",
            after={"everyone": False, "percent": None, "cohorts": []},
        )
    apps.get_model("rollout", "Cohort").objects.create(
        name="smoke", description="People who test features before all others"
    )


def create_plan(apps, schema_editor):
    run = apps.get_model("rollout", "StageRun").objects.create(
        stage="infrastructure",
        entered_at=timezone.now(),
        entered_by="system",
        reason=REASON,
    )
    apps.get_model("rollout", "Plan").objects.create(
        id=1,
        run=run,
        state="active",
        state_reason="A new deployment.",
        state_since=timezone.now(),
    )
    apps.get_model("rollout", "PlanChange").objects.create(
        after={"stage": "infrastructure", "state": "active", "run": run.pk},
        actor="system",
        source="system",
        reason=REASON,
    )
    apps.get_model("rollout", "EvaluatorLease").objects.create(id=1)


def create_contacts(apps, schema_editor):
    for contact in CONTACTS:
        apps.get_model("rollout", "Contact").objects.create(**contact)


class Migration(migrations.Migration):
    dependencies = [("rollout", "0004_plan_audit")]

    operations = [
        migrations.RunPython(create_flags, migrations.RunPython.noop),
        migrations.RunPython(create_plan, migrations.RunPython.noop),
        migrations.RunPython(create_contacts, migrations.RunPython.noop),
    ]
