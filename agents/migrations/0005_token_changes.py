from __future__ import annotations

from django.db import migrations

# The functions belong to vouchers.
TRIGGERS = """
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON agents_apitoken
    FOR EACH ROW EXECUTE FUNCTION record_change('id',
        '{name,scopes,station_id,is_internal,created_by,revoked_at,revoked_by}',
        '{digest}');
CREATE TRIGGER never_deleted BEFORE DELETE ON agents_apitoken
    FOR EACH ROW EXECUTE FUNCTION never_deleted('revoke the token instead');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON agents_apitoken
    FOR EACH STATEMENT EXECUTE FUNCTION agents_append_only();
-- ENABLE ALWAYS: they also fire with session_replication_role = replica.
ALTER TABLE agents_apitoken ENABLE ALWAYS TRIGGER record_change;
ALTER TABLE agents_apitoken ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE agents_apitoken ENABLE ALWAYS TRIGGER no_truncate;
"""
BACK = """
DROP TRIGGER no_truncate ON agents_apitoken;
DROP TRIGGER never_deleted ON agents_apitoken;
DROP TRIGGER record_change ON agents_apitoken;
"""


class Migration(migrations.Migration):
    """Record the changes of API tokens."""

    dependencies = [
        ("agents", "0004_sender_holds"),
        ("vouchers", "0006_authority_functions"),
    ]
    operations = [migrations.RunSQL(TRIGGERS, BACK)]
