from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The account of a subject never changes: otherwise a person could become another one.
TRIGGERS = """
CREATE TRIGGER oidc_identity_append_only BEFORE UPDATE OR DELETE
    ON backoffice_oidcidentity FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON backoffice_oidcidentity
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
CREATE TRIGGER record_change AFTER INSERT ON backoffice_oidcidentity
    FOR EACH ROW EXECUTE FUNCTION record_change('user_id', '{user_id}', '{}');
ALTER TABLE backoffice_oidcidentity ENABLE ALWAYS TRIGGER oidc_identity_append_only;
ALTER TABLE backoffice_oidcidentity ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE backoffice_oidcidentity ENABLE ALWAYS TRIGGER record_change;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("backoffice", "0002_rate_function"),
        # The functions of the triggers.
        ("vouchers", "0006_authority_functions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OidcIdentity",
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
                ("issuer", models.CharField(max_length=255)),
                ("subject", models.CharField(max_length=255)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("issuer", "subject"), name="oidc_identity_one_account"
                    )
                ],
            },
        ),
        # Dropped with the table.
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]
