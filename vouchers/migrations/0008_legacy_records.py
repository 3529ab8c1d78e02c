from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from vouchers import sql

REVERSE = """
DROP FUNCTION voucher_import(jsonb, uuid);
DROP TRIGGER legacy_record_append_only ON legacy_record;
DROP TRIGGER legacy_record_no_truncate ON legacy_record;
"""


class Migration(migrations.Migration):
    """Remember what was taken from the earlier system, and import its vouchers."""

    dependencies = [("vouchers", "0007_expiry_marks")]
    operations = [
        migrations.CreateModel(
            name="LegacyRecord",
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
                (
                    "kind",
                    models.CharField(
                        choices=[("profile", "Profile"), ("voucher", "Voucher")],
                        max_length=8,
                    ),
                ),
                ("legacy_id", models.CharField(max_length=64)),
                ("fingerprint", models.BinaryField(max_length=32)),
                ("imported_at", models.DateTimeField()),
                (
                    "profile",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="vouchers.profile",
                    ),
                ),
                (
                    "voucher",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legacy_record",
                        to="vouchers.voucher",
                    ),
                ),
            ],
            options={
                "db_table": "legacy_record",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["kind", "legacy_id"], name="legacy_record_taken_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            kind="profile", profile__isnull=False, voucher__isnull=True
                        )
                        | models.Q(
                            kind="voucher", profile__isnull=True, voucher__isnull=False
                        ),
                        name="legacy_record_names_what_it_became",
                    ),
                ],
            },
        ),
        migrations.RunSQL(sql.schema("legacy"), REVERSE),
    ]
