"""The rights of the runtime role agree with the triggers: what one refuses, is not given."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection

# Functions of triggers that raise, whatever the row is.
REFUSING = (
    "agents_append_only",
    "never_deleted",
    "observability_append_only",
    "rollout_refuse",
    "voucher_append_only",
)
# Bits of pg_trigger.tgtype. Triggers with a condition or for some columns are left out.
BITS = {"DELETE": 8, "UPDATE": 16}
STATEMENT = """
SELECT c.relname FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE c.relnamespace = %s::regnamespace AND p.proname = ANY (%s)
   AND t.tgtype & %s > 0 AND t.tgtype & 3 = 3 AND t.tgqual IS NULL AND t.tgattr = ''
"""
# The tables that hold what happened. Names, so that a lost trigger is noticed as well.
RECORDS = {
    *("agents_consentevent", "agents_contentversion", "backoffice_accountact"),
    *("backoffice_oidcidentity", "change_record", "legacy_record"),
    *("observability_leakfinding", "rollout_checklisttick", "rollout_flagchange"),
    *("rollout_gateresult", "rollout_planchange", "rollout_rollbackevent"),
    *("rollout_timelineentry", "voucher_approval", "voucher_checkpoint"),
    *("voucher_event", "voucher_event_seal", "vouchers_erasure"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("right", BITS)
def test_rights__what_a_trigger_always_refuses__is_not_given(right: str) -> None:
    # When
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT, [settings.DATABASE_SCHEMA, list(REFUSING), BITS[right]]
        )
        refused = {name for (name,) in cursor.fetchall()}

    # Then
    assert refused >= RECORDS
    given = {
        table
        for table in refused
        if right in settings.DATABASE_RIGHTS.get(table, settings.DATABASE_ALL_RIGHTS)
    }
    assert given == set()
