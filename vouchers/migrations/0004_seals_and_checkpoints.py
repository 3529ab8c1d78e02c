from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from vouchers import sql

# Dropping the tables drops the triggers.
REVERSE = "DROP FUNCTION voucher_written;"


class Migration(migrations.Migration):
    """Add seals of events, signed checkpoints and their pages."""

    dependencies = [
        ("vouchers", "0003_valid_until_the_end_of_a_day"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", models.IntegerField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("document", models.TextField()),
                ("signatures", models.JSONField()),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "db_table": "voucher_checkpoint",
            },
        ),
        migrations.CreateModel(
            name="CheckpointPage",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("checkpoint", models.IntegerField()),
                ("leaves", models.BinaryField()),
                ("root", models.BinaryField(max_length=32)),
                ("totals", models.JSONField()),
                ("key_id", models.CharField(max_length=32)),
                ("mac", models.BinaryField(max_length=32)),
            ],
            options={
                "db_table": "voucher_checkpoint_page",
            },
        ),
        migrations.CreateModel(
            name="EventSeal",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="seal",
                        serialize=False,
                        to="vouchers.voucherevent",
                    ),
                ),
                ("voucher_id", models.BigIntegerField()),
                ("key_id", models.CharField(max_length=32)),
                ("mac", models.BinaryField(max_length=16)),
                ("checkpoint", models.IntegerField()),
            ],
            options={
                "db_table": "voucher_event_seal",
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("after", models.BigIntegerField(default=0)),
                ("checked", models.BigIntegerField(default=0)),
                ("broken", models.BigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "voucher_verification",
                "indexes": [
                    models.Index(
                        fields=["started_at"], name="voucher_verification_at_idx"
                    )
                ],
            },
        ),
        migrations.RunSQL(sql.schema("seals"), REVERSE),
    ]
