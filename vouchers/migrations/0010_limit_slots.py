from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("vouchers", "0009_reversal_requests"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="limitcounter",
            name="limit_counter_one_per_day",
        ),
        migrations.AddField(
            model_name="limitcounter",
            name="cap_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="limitcounter",
            name="slot",
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddConstraint(
            model_name="limitcounter",
            constraint=models.UniqueConstraint(
                fields=("subject", "kind", "currency", "day", "slot"),
                name="limit_counter_one_per_day_and_slot",
            ),
        ),
    ]
