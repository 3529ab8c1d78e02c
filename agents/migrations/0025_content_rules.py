from __future__ import annotations

from django.db import migrations

RULES = """
-- A version has the number after the last one: versions are numbered without gaps, and
-- of two that replace the same one the second is refused.
CREATE FUNCTION agents_content_follows() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> (
        SELECT coalesce(max(number), 0) + 1 FROM agents_contentversion) THEN
        RAISE EXCEPTION 'version % does not follow the last one', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'content_version_follows';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER content_follows BEFORE INSERT ON agents_contentversion
    FOR EACH ROW EXECUTE FUNCTION agents_content_follows();
CREATE TRIGGER content_append_only BEFORE UPDATE OR DELETE ON agents_contentversion
    FOR EACH ROW EXECUTE FUNCTION agents_append_only();
CREATE TRIGGER content_no_truncate BEFORE TRUNCATE ON agents_contentversion
    FOR EACH STATEMENT EXECUTE FUNCTION agents_append_only();
-- ENABLE ALWAYS: they also fire with session_replication_role = replica.
ALTER TABLE agents_contentversion ENABLE ALWAYS TRIGGER content_follows;
ALTER TABLE agents_contentversion ENABLE ALWAYS TRIGGER content_append_only;
ALTER TABLE agents_contentversion ENABLE ALWAYS TRIGGER content_no_truncate;
"""
BACK = """
DROP TRIGGER content_no_truncate ON agents_contentversion;
DROP TRIGGER content_append_only ON agents_contentversion;
DROP FUNCTION agents_content_follows CASCADE;
"""


class Migration(migrations.Migration):
    """Versions of the content are numbered and append-only."""

    dependencies = [("agents", "0024_content")]
    operations = [migrations.RunSQL(RULES, BACK)]
