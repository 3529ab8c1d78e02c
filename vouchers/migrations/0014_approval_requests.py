from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

# Requests that wait already get the same time as new ones, from now on.
INSTALL = """
INSERT INTO voucher_approval_request (voucher_id, ends_at)
SELECT id, now() + interval '24 hours' FROM vouchers WHERE status = 'pending_approval';
CREATE TRIGGER voucher_approval_request_guard BEFORE UPDATE OR DELETE
    ON voucher_approval_request
    FOR EACH ROW EXECUTE FUNCTION voucher_approval_request_guard();
ALTER TABLE voucher_approval_request
    ENABLE ALWAYS TRIGGER voucher_approval_request_guard;
CREATE TRIGGER voucher_approval_request_no_truncate BEFORE TRUNCATE
    ON voucher_approval_request FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_approval_request
    ENABLE ALWAYS TRIGGER voucher_approval_request_no_truncate;
"""
REVERSE = """
DROP TRIGGER voucher_approval_request_guard ON voucher_approval_request;
DROP TRIGGER voucher_approval_request_no_truncate ON voucher_approval_request;
"""


class Migration(migrations.Migration):
    """Give each request an end; a request is decided before it or not at all."""

    dependencies = [("vouchers", "0013_extensions")]

    operations = [
        migrations.CreateModel(
            name="ApprovalRequest",
            fields=[
                (
                    "voucher",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="approval_request",
                        serialize=False,
                        to="vouchers.voucher",
                    ),
                ),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "voucher_approval_request",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["ends_at"],
                        name="approval_request_open_idx",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", False)),
                        fields=["ended_at"],
                        name="approval_request_ended_idx",
                    ),
                ],
            },
        ),
        migrations.RunSQL(INSTALL, REVERSE),
    ]
