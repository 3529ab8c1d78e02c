from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q

# An older database has the functions that write the columns by their former names.
FUNCTIONS = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['record_change', 'authority_change_guard', 'account_waits']
    LOOP
        EXECUTE replace(pg_get_functiondef(name::regproc), 'road', 'source');
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    """Name the source of a recorded change as the rollout names that of its changes."""

    dependencies = [("vouchers", "0016_campaigns")]
    operations = [
        migrations.RemoveConstraint(
            "authoritychange", "authority_change_confirmed_by_account"
        ),
        migrations.RemoveConstraint(
            "authoritychange", "authority_change_says_who_and_how"
        ),
        migrations.RenameField("authoritychange", "road", "source"),
        migrations.RenameField("authoritychange", "decision_road", "decision_source"),
        migrations.RenameField("changerecord", "road", "source"),
        migrations.AddConstraint(
            "authoritychange",
            models.CheckConstraint(
                condition=~Q(decision="confirmed", kind="role", source="admin")
                | Q(new_role="customer")
                | Q(given_by__isnull=False, decided_by__isnull=False)
                | Q(decision_source="command"),
                name="authority_change_confirmed_by_account",
            ),
        ),
        migrations.AddConstraint(
            "authoritychange",
            models.CheckConstraint(
                condition=~Q(given_by_name="") & ~Q(source=""),
                name="authority_change_says_who_and_how",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
