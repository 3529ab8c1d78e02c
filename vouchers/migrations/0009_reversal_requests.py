from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from vouchers import sql

# CASCADE drops the triggers.
REVERSE = """
DROP FUNCTION reversal_request_guard CASCADE;
DROP FUNCTION voucher_reverse, voucher_decide_reversal, voucher_take_back, reversal_bar,
    voucher_reversal_period;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("vouchers", "0008_legacy_records"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReversalRequest",
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
                ("asked_by_kind", models.CharField(max_length=8)),
                ("asked_by_id", models.CharField(max_length=64)),
                ("channel", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=300, unique=True)),
                ("fingerprint", models.BinaryField(max_length=32)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("asked_at", models.DateTimeField()),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("waiting", "Waits for a second person"),
                            ("approved", "Taken back"),
                            ("refused", "Refused"),
                        ],
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision_reason", models.CharField(blank=True, max_length=500)),
                (
                    "asked_by_profile",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="vouchers.profile",
                    ),
                ),
                (
                    "asked_by_user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "redemption",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="vouchers.voucherevent",
                    ),
                ),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversal_requests",
                        to="vouchers.voucher",
                    ),
                ),
            ],
            options={
                "verbose_name": "request for a reversal",
                "verbose_name_plural": "requests for reversals",
                "db_table": "voucher_reversal_request",
                "permissions": [("reverse_redemption", "Can take back a redemption")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("decision", "waiting")),
                        fields=("voucher",),
                        name="reversal_request_one_waits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("decision", "waiting"),
                                ("decision_reason", ""),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("decision__in", ["approved", "refused"]),
                            ),
                            _connector="OR",
                        ),
                        name="reversal_request_decision_says_who",
                    ),
                ],
            },
        ),
        migrations.RunSQL(sql.schema("reverse"), REVERSE),
    ]
