from __future__ import annotations

from django.db import migrations

from vouchers import sql

# CASCADE drops the triggers.
REVERSE = """
DROP FUNCTION record_change, never_deleted, admin_log_fixed, authority_change_guard,
    profile_role_confirmed, account_widened, account_given_rights, group_widened CASCADE;
DROP FUNCTION change_account, account_waits, account_has_rights, approval_bar,
    requesting_account, gave_authority, is_own_profile, authority_period CASCADE;
DROP TRIGGER admin_log_no_truncate ON django_admin_log;
DROP TRIGGER no_truncate ON profiles;
DROP TRIGGER no_truncate ON vouchers_station;
DROP TRIGGER no_truncate ON auth_user;
DROP TRIGGER no_truncate ON auth_group;
DROP TRIGGER no_truncate ON auth_permission;
DROP TRIGGER no_truncate ON auth_user_groups;
DROP TRIGGER no_truncate ON auth_user_user_permissions;
DROP TRIGGER no_truncate ON auth_group_permissions;
"""


class Migration(migrations.Migration):
    """Record changes of authority, and let roles wait for a second person."""

    dependencies = [
        ("vouchers", "0005_changes_of_authority"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]
    operations = [
        migrations.RunSQL(
            "\n".join(sql.schema(name) for name in ("changes", "authority")), REVERSE
        )
    ]
