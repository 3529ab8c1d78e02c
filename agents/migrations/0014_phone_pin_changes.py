from __future__ import annotations

from django.db import migrations

# The functions belong to vouchers. Neither the hash nor a counter is stored.
TRIGGERS = """
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON agents_phonepin
    FOR EACH ROW EXECUTE FUNCTION record_change('profile_id',
        '{set_by,locks}', '{hash}');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON agents_phonepin
    FOR EACH STATEMENT EXECUTE FUNCTION agents_append_only();
-- ENABLE ALWAYS: they also fire with session_replication_role = replica.
ALTER TABLE agents_phonepin ENABLE ALWAYS TRIGGER record_change;
ALTER TABLE agents_phonepin ENABLE ALWAYS TRIGGER no_truncate;
"""
BACK = """
DROP TRIGGER no_truncate ON agents_phonepin;
DROP TRIGGER record_change ON agents_phonepin;
"""


class Migration(migrations.Migration):
    """Record when a PIN for the phone is set, cleared or locked."""

    dependencies = [("agents", "0013_phone_pin")]
    operations = [migrations.RunSQL(TRIGGERS, BACK)]
