from __future__ import annotations

from django.db import migrations

# Each of the guide's test cases is answered by its own line of the smoke tests.
CASES = {
    "smoke-hello": "whatsapp.hello",
    "smoke-lookup": "whatsapp.lookup",
    "smoke-create": "whatsapp.create",
    "smoke-api-lookup": "api.lookup",
    "smoke-api-create": "api.create",
}


def name_cases(apps, schema_editor):
    for key, name in CASES.items():
        apps.get_model("rollout", "ChecklistItem").objects.filter(key=key).update(
            check_name=name
        )


def name_runs(apps, schema_editor):
    apps.get_model("rollout", "ChecklistItem").objects.filter(key__in=CASES).update(
        check_name="smoke"
    )


class Migration(migrations.Migration):
    dependencies = [("rollout", "0016_processes_say_when_they_began")]

    operations = [migrations.RunPython(name_cases, name_runs)]
