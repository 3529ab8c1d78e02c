from __future__ import annotations

from django.db import migrations

GUARD = """
CREATE TRIGGER erasure_append_only BEFORE UPDATE OR DELETE ON vouchers_erasure
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
CREATE TRIGGER erasure_no_truncate BEFORE TRUNCATE ON vouchers_erasure
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
-- ENABLE ALWAYS: session_replication_role = replica does not switch them off.
ALTER TABLE vouchers_erasure ENABLE ALWAYS TRIGGER erasure_append_only;
ALTER TABLE vouchers_erasure ENABLE ALWAYS TRIGGER erasure_no_truncate;
"""
UNDO = """
DROP TRIGGER erasure_append_only ON vouchers_erasure;
DROP TRIGGER erasure_no_truncate ON vouchers_erasure;
"""


class Migration(migrations.Migration):
    """Who was forgotten, and by whom, is never rewritten."""

    dependencies = [("vouchers", "0004_people_may_be_forgotten")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
