from __future__ import annotations

from django.db import migrations, models

from vouchers import sql


class Migration(migrations.Migration):
    dependencies = [
        ("vouchers", "0012_search_indexes"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="voucher",
            options={
                "permissions": [
                    ("void_voucher", "Can void vouchers"),
                    ("rotate_code", "Can replace a voucher's code"),
                    ("approve_voucher", "Can approve vouchers of others"),
                    ("extend_voucher", "Can give vouchers a later last day"),
                    ("print_card", "Can print a voucher's card with a new code"),
                ]
            },
        ),
        migrations.RemoveConstraint(
            model_name="voucherevent",
            name="voucher_event_kind_matches_step",
        ),
        migrations.AlterField(
            model_name="voucherevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("issued", "Issued"),
                    ("redeemed", "Redeemed"),
                    ("voided", "Voided"),
                    ("declined", "Declined"),
                    ("expired", "Expired"),
                    ("code_rotated", "Code rotated"),
                    ("owner_moved", "Owner moved"),
                    ("reversed", "Reversed"),
                    ("extended", "Extended"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="voucherevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "requested"),
                        ("old_status__isnull", True),
                        ("new_status", "pending_approval"),
                    ),
                    models.Q(
                        ("kind", "issued"),
                        ("new_status", "issued"),
                        ("old_status__isnull", True),
                    ),
                    models.Q(
                        ("kind", "issued"),
                        ("new_status", "issued"),
                        ("old_status", "pending_approval"),
                    ),
                    models.Q(
                        ("kind", "redeemed"),
                        ("new_status", "redeemed"),
                        ("old_status", "issued"),
                    ),
                    models.Q(
                        ("kind", "voided"),
                        ("new_status", "void"),
                        ("old_status", "issued"),
                    ),
                    models.Q(
                        ("kind", "declined"),
                        ("new_status", "void"),
                        ("old_status", "pending_approval"),
                    ),
                    models.Q(
                        ("kind", "expired"),
                        ("new_status", "expired"),
                        ("old_status", "issued"),
                    ),
                    models.Q(
                        ("kind", "code_rotated"),
                        ("new_status", "issued"),
                        ("old_status", "issued"),
                    ),
                    models.Q(
                        ("kind", "owner_moved"),
                        ("new_status", "issued"),
                        ("old_status", "issued"),
                    ),
                    models.Q(
                        ("kind", "reversed"),
                        ("new_status", "issued"),
                        ("old_status", "redeemed"),
                    ),
                    models.Q(
                        ("kind", "extended"),
                        ("new_status", "issued"),
                        ("old_status", "issued"),
                    ),
                    _connector="OR",
                ),
                name="voucher_event_kind_matches_step",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucherevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "extended"), _negated=True),
                    models.Q(("actor_kind", "user"), ("note_commit__isnull", False)),
                    _connector="OR",
                ),
                name="voucher_event_extension_says_why",
            ),
        ),
        migrations.RunSQL(sql.schema("extend"), "DROP FUNCTION voucher_extend"),
    ]
