from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

# A round in which nothing was decided, and a probe that passed, go after 90 days, unless
# an incident was near. Everything else stays refused, on every road.
ON = """
CREATE FUNCTION rollout_is_forgettable(happened timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT happened < now() - interval '90 days' AND NOT EXISTS (
        SELECT FROM rollout_incident
        WHERE happened BETWEEN opened_at - interval '1 hour'
            AND coalesce(mitigated_at, resolved_at, 'infinity')
    )
$$;

DROP TRIGGER evaluation_append_only ON rollout_evaluation;
CREATE TRIGGER evaluation_append_only BEFORE UPDATE ON rollout_evaluation
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER evaluation_kept BEFORE DELETE ON rollout_evaluation
    FOR EACH ROW WHEN (
        OLD.acted OR OLD.action <> 'none' OR OLD.rollback_id IS NOT NULL
        OR NOT rollout_is_forgettable(OLD.at)
    ) EXECUTE FUNCTION rollout_refuse('the log is append-only');

DROP TRIGGER check_run_append_only ON rollout_checkrun;
CREATE TRIGGER check_run_append_only BEFORE UPDATE ON rollout_checkrun
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER check_run_kept BEFORE DELETE ON rollout_checkrun
    FOR EACH ROW WHEN (
        OLD.kind <> 'probe' OR NOT OLD.passed
        OR NOT rollout_is_forgettable(OLD.finished_at)
    ) EXECUTE FUNCTION rollout_refuse('the log is append-only');

-- ENABLE ALWAYS: session_replication_role = replica does not switch them off.
ALTER TABLE rollout_evaluation ENABLE ALWAYS TRIGGER evaluation_append_only;
ALTER TABLE rollout_evaluation ENABLE ALWAYS TRIGGER evaluation_kept;
ALTER TABLE rollout_checkrun ENABLE ALWAYS TRIGGER check_run_append_only;
ALTER TABLE rollout_checkrun ENABLE ALWAYS TRIGGER check_run_kept;
"""
OFF = """
DROP TRIGGER evaluation_kept ON rollout_evaluation;
DROP TRIGGER evaluation_append_only ON rollout_evaluation;
CREATE TRIGGER evaluation_append_only BEFORE UPDATE OR DELETE ON rollout_evaluation
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the log is append-only');
DROP TRIGGER check_run_kept ON rollout_checkrun;
DROP TRIGGER check_run_append_only ON rollout_checkrun;
CREATE TRIGGER check_run_append_only BEFORE UPDATE OR DELETE ON rollout_checkrun
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the log is append-only');
ALTER TABLE rollout_evaluation ENABLE ALWAYS TRIGGER evaluation_append_only;
ALTER TABLE rollout_checkrun ENABLE ALWAYS TRIGGER check_run_append_only;
DROP FUNCTION rollout_is_forgettable(timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("rollout", "0020_newest_of_a_channel_is_found")]

    operations = [
        # Its number alone says in which order conversations were counted; to look each
        # of them up for every round that goes would take an index as large as they are.
        migrations.AlterField(
            "observation",
            "scored_in",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="rollout.evaluation",
            ),
        ),
        migrations.RunSQL(ON, OFF),
    ]
