from __future__ import annotations

from django.db import migrations

GUARD = """
CREATE FUNCTION agents_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once: no %', TG_TABLE_NAME, lower(TG_OP)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;

CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE ON agents_consentevent
    FOR EACH ROW EXECUTE FUNCTION agents_append_only();
CREATE TRIGGER consent_no_truncate BEFORE TRUNCATE ON agents_consentevent
    FOR EACH STATEMENT EXECUTE FUNCTION agents_append_only();
-- ENABLE ALWAYS: session_replication_role = replica does not switch them off.
ALTER TABLE agents_consentevent ENABLE ALWAYS TRIGGER consent_append_only;
ALTER TABLE agents_consentevent ENABLE ALWAYS TRIGGER consent_no_truncate;
"""
UNDO = "DROP FUNCTION agents_append_only CASCADE;"


class Migration(migrations.Migration):
    """What a person said of our messages is never rewritten."""

    dependencies = [("agents", "0003_forwarding_consent_and_blocks")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
