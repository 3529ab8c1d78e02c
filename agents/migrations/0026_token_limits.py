from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models

# A network that PostgreSQL cannot read is refused with the row.
TRIGGERS = """
ALTER TABLE agents_apitoken ADD CONSTRAINT api_token_networks_are_networks
    CHECK (cardinality(networks) <= 20 AND networks::text[]::cidr[] IS NOT NULL);
DROP TRIGGER record_change ON agents_apitoken;
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON agents_apitoken
    FOR EACH ROW EXECUTE FUNCTION record_change('id',
        '{name,scopes,station_id,is_internal,networks,expires_at,created_by,revoked_at,revoked_by}',
        '{digest}');
ALTER TABLE agents_apitoken ENABLE ALWAYS TRIGGER record_change;
"""
BACK = """
ALTER TABLE agents_apitoken DROP CONSTRAINT api_token_networks_are_networks;
DROP TRIGGER record_change ON agents_apitoken;
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON agents_apitoken
    FOR EACH ROW EXECUTE FUNCTION record_change('id',
        '{name,scopes,station_id,is_internal,created_by,revoked_at,revoked_by}',
        '{digest}');
ALTER TABLE agents_apitoken ENABLE ALWAYS TRIGGER record_change;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0025_content_rules"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="apitoken",
            options={
                "permissions": [
                    ("revoke_apitoken", "Can revoke API tokens"),
                    ("create_apitoken", "Can create API tokens"),
                ],
                "verbose_name": "API token",
            },
        ),
        migrations.AddField(
            model_name="apitoken",
            name="expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=43), default=list, size=20
            ),
        ),
        migrations.RunSQL(TRIGGERS, BACK),
    ]
