from __future__ import annotations

from django.db import migrations


def make(apps, schema_editor):
    """Make the cohort for whom alone features may be on while they are tried."""
    apps.get_model("rollout", "Cohort").objects.get_or_create(
        name="smoke", defaults={"description": "Who tries what nobody else may use yet"}
    )


class Migration(migrations.Migration):
    dependencies = [("rollout", "0017_smoke_lines_by_their_case")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
