from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """An index over a table that may be large: built while everything goes on."""

    atomic = False
    dependencies = [("vouchers", "0005_erasure_is_append_only")]

    operations = [
        AddIndexConcurrently(
            model_name="voucherevent",
            index=models.Index(
                fields=["kind", "created_at"], name="voucher_event_day_idx"
            ),
        ),
    ]
