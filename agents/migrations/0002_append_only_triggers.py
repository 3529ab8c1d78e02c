from __future__ import annotations

from django.db import migrations

CONSENT = """
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
-- ENABLE ALWAYS: they also fire with session_replication_role = replica.
ALTER TABLE agents_consentevent ENABLE ALWAYS TRIGGER consent_append_only;
ALTER TABLE agents_consentevent ENABLE ALWAYS TRIGGER consent_no_truncate;
"""
CONSENT_BACK = "DROP FUNCTION agents_append_only CASCADE;"
ACTS = """
-- The only change allowed is to blank the reason (erasure of personal data).
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
-- ENABLE ALWAYS: they also fire with session_replication_role = replica.
ALTER TABLE agents_colleagueact ENABLE ALWAYS TRIGGER act_fixed;
ALTER TABLE agents_colleagueact ENABLE ALWAYS TRIGGER act_no_truncate;
"""
ACTS_BACK = """
DROP TRIGGER act_no_truncate ON agents_colleagueact;
DROP FUNCTION agents_act_fixed CASCADE;
"""


class Migration(migrations.Migration):
    """Make consent events and colleague acts append-only."""

    dependencies = [("agents", "0001_initial")]
    operations = [
        migrations.RunSQL(CONSENT, CONSENT_BACK),
        migrations.RunSQL(ACTS, ACTS_BACK),
    ]
