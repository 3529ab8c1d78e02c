from __future__ import annotations

from django.db import migrations

from easymo.database.rates import function_sql

TABLE = "agents_toolrate"


class Migration(migrations.Migration):
    """Count calls in slots, so that the calls of one token do not wait for each other."""

    dependencies = [("agents", "0011_call_rules")]
    operations = [migrations.RunSQL(function_sql(TABLE), f"DROP FUNCTION {TABLE}_take")]
