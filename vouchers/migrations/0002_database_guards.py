from __future__ import annotations

from django.db import migrations

from vouchers import sql

UNDO = """
ALTER TABLE vouchers DROP CONSTRAINT voucher_has_event_of_its_step;
DROP FUNCTION voucher_guard, voucher_event_chain, voucher_event_matches,
    voucher_approval_people, voucher_append_only CASCADE;
"""


class Migration(migrations.Migration):
    """The database refuses every wrong state by itself."""

    dependencies = [("vouchers", "0001_initial")]
    operations = [migrations.RunSQL(sql.schema("guards"), UNDO)]
