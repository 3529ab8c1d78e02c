from __future__ import annotations

from django.db import migrations

from easymo.database.rates import function_sql

TABLE = "backoffice_signinrate"


class Migration(migrations.Migration):
    """Count sign-ins by the function that counts calls."""

    dependencies = [("backoffice", "0001_sign_in_rates")]
    operations = [migrations.RunSQL(function_sql(TABLE), f"DROP FUNCTION {TABLE}_take")]
