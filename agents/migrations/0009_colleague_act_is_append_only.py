from __future__ import annotations

from django.db import migrations

GUARD = """
-- A reason may be forgotten, never reworded; nothing else ever changes.
CREATE FUNCTION agents_act_fixed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.reason = '' THEN
        OLD.reason := '';
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is written once: no %', TG_TABLE_NAME, lower(TG_OP)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;

CREATE TRIGGER act_fixed BEFORE UPDATE OR DELETE ON agents_colleagueact
    FOR EACH ROW EXECUTE FUNCTION agents_act_fixed();
CREATE TRIGGER act_no_truncate BEFORE TRUNCATE ON agents_colleagueact
    FOR EACH STATEMENT EXECUTE FUNCTION agents_append_only();
-- ENABLE ALWAYS: session_replication_role = replica does not switch them off.
ALTER TABLE agents_colleagueact ENABLE ALWAYS TRIGGER act_fixed;
ALTER TABLE agents_colleagueact ENABLE ALWAYS TRIGGER act_no_truncate;
"""
UNDO = """
DROP TRIGGER act_no_truncate ON agents_colleagueact;
DROP FUNCTION agents_act_fixed CASCADE;
"""


class Migration(migrations.Migration):
    """What a colleague did is never rewritten."""

    dependencies = [("agents", "0008_colleagues_and_retention")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
