from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """An index over a table that may be large: built while turns go on."""

    atomic = False
    dependencies = [("agents", "0004_turns_are_observed_once")]

    operations = [
        AddIndexConcurrently(
            model_name="turn",
            index=models.Index(
                fields=["conversation", "finished_at"],
                condition=models.Q(("observed_at__isnull", True)),
                name="turn_unobserved_idx",
            ),
        ),
    ]
