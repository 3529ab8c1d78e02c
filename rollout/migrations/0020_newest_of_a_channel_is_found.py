from __future__ import annotations

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes over tables that may be large: built while everything goes on."""

    atomic = False
    dependencies = [("rollout", "0019_moves_answer_rollbacks")]

    operations = [
        AddIndexConcurrently(
            model_name="observation",
            index=models.Index(
                fields=["run", "channel", "id"],
                condition=models.Q(("is_synthetic", False)),
                name="observation_channel_idx",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="observation", name="observation_evidence_idx"
        ),
        AddIndexConcurrently(
            model_name="announcementdelivery",
            index=models.Index(
                fields=["announcement", "status"], name="announcement_counts_idx"
            ),
        ),
    ]
