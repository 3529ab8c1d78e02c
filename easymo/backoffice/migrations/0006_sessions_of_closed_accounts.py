from __future__ import annotations

from django.db import migrations

# A session that was open when an account was closed must not open again with it.
TRIGGER = """
CREATE OR REPLACE TRIGGER backoffice_end_sessions
    AFTER UPDATE OF password, is_active, is_staff ON auth_user
    FOR EACH ROW WHEN (OLD.password <> NEW.password
        OR (OLD.is_active AND NOT NEW.is_active) OR (OLD.is_staff AND NOT NEW.is_staff))
    EXECUTE FUNCTION backoffice_end_sessions();
ALTER TABLE auth_user ENABLE ALWAYS TRIGGER backoffice_end_sessions;
"""
BACK = """
CREATE OR REPLACE TRIGGER backoffice_end_sessions AFTER UPDATE OF password ON auth_user
    FOR EACH ROW WHEN (OLD.password <> NEW.password)
    EXECUTE FUNCTION backoffice_end_sessions();
ALTER TABLE auth_user ENABLE ALWAYS TRIGGER backoffice_end_sessions;
"""


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0005_account_language")]

    operations = [migrations.RunSQL(TRIGGER, BACK)]
