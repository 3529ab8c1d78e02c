from __future__ import annotations

from django.db import migrations

from vouchers import sql

FILES = (
    "guards",
    "common",
    "fence",
    "issue",
    "redeem",
    "void",
    "approve",
    "rotate",
    "expire",
)
# CASCADE drops the triggers, and the functions that take or return the types.
REVERSE = """
ALTER TABLE vouchers DROP CONSTRAINT voucher_has_event_of_its_step;
DROP FUNCTION voucher_guard, voucher_event_chain, voucher_event_matches,
    voucher_approval_people, voucher_append_only, voucher_approval_request_guard,
    request_is_open, voucher_expire_requests CASCADE;
DROP TYPE voucher_cause, voucher_who, voucher_outcome CASCADE;
DROP FUNCTION voucher_locked_for, voucher_count_guess, voucher_use_limit, voucher_use_slot,
    voucher_expire, voucher_may, voucher_is_on, voucher_now, voucher_last_moment,
    voucher_code_period;
DROP FUNCTION IF EXISTS voucher_feature_on;
"""


class Migration(migrations.Migration):
    """Install the guards of the tables and the functions that change vouchers."""

    dependencies = [("vouchers", "0001_initial")]
    operations = [
        migrations.RunSQL("\n".join(sql.schema(name) for name in FILES), REVERSE)
    ]
