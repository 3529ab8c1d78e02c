from __future__ import annotations

import secrets

from django.db import migrations
from django.utils import timezone

FEATURES = [
    "FEATURE_AGENT_CHAT",
    "FEATURE_AGENT_VOICE",
    "FEATURE_AGENT_VOUCHERS",
    "FEATURE_AGENT_CUSTOMER_LOOKUP",
]


def register(apps, schema_editor):
    Epoch = apps.get_model("rollout", "Epoch")
    AgentFlag = apps.get_model("rollout", "AgentFlag")
    FlagChange = apps.get_model("rollout", "FlagChange")
    Epoch.objects.get_or_create(id=1, defaults={"changed_at": timezone.now()})
    for name in FEATURES:
        flag, created = AgentFlag.objects.get_or_create(
            name=name, defaults={"everyone": False, "salt": secrets.token_hex(8)}
        )
        if created:
            FlagChange.objects.create(
                flag=flag,
                kind="flag",
                actor="system",
                source="system",
                reason="registered, off",
                after={"everyone": False, "percent": None, "cohorts": []},
            )


class Migration(migrations.Migration):
    dependencies = [("rollout", "0002_exposure_guards")]

    operations = [migrations.RunPython(register, migrations.RunPython.noop)]
