from __future__ import annotations

from django.db import migrations

ON = """
CREATE FUNCTION observability_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once: no %', TG_TABLE_NAME, lower(TG_OP)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;

CREATE TRIGGER leak_append_only BEFORE UPDATE OR DELETE ON observability_leakfinding
    FOR EACH ROW EXECUTE FUNCTION observability_append_only();
CREATE TRIGGER leak_no_truncate BEFORE TRUNCATE ON observability_leakfinding
    FOR EACH STATEMENT EXECUTE FUNCTION observability_append_only();
-- ENABLE ALWAYS: session_replication_role = replica does not switch them off.
ALTER TABLE observability_leakfinding ENABLE ALWAYS TRIGGER leak_append_only;
ALTER TABLE observability_leakfinding ENABLE ALWAYS TRIGGER leak_no_truncate;
"""
OFF = "DROP FUNCTION observability_append_only CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("observability", "0001_initial")]

    operations = [migrations.RunSQL(ON, OFF)]
