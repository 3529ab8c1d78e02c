from __future__ import annotations

from django.db import migrations

TABLES = {
    "plan_change": "rollout_planchange",
    "gate_result": "rollout_gateresult",
    "evaluation": "rollout_evaluation",
    "check_run": "rollout_checkrun",
    "checklist_tick": "rollout_checklisttick",
}
ON = "".join(
    f"""
CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {table}
    EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the log is append-only');
-- ENABLE ALWAYS: session_replication_role = replica does not switch them off.
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_no_truncate;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_append_only;
"""
    for name, table in TABLES.items()
)
OFF = "".join(
    f"""
DROP TRIGGER {name}_no_truncate ON {table};
DROP TRIGGER {name}_append_only ON {table};
"""
    for name, table in TABLES.items()
)


class Migration(migrations.Migration):
    dependencies = [("rollout", "0005_evidence_stages_and_people")]

    operations = [migrations.RunSQL(ON, OFF)]
