from __future__ import annotations

from django.db import migrations

REFUSE = """
CREATE FUNCTION rollout_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % is refused: %', TG_TABLE_NAME, TG_OP, TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
END $$;
"""

# Evaluations without a decision, and probes that passed, are purged after 90 days,
# unless an incident was open near them.
FORGETTABLE = """
CREATE FUNCTION rollout_is_forgettable(happened timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT happened < now() - interval '90 days' AND NOT EXISTS (
        SELECT FROM rollout_incident
        WHERE happened BETWEEN opened_at - interval '1 hour'
            AND coalesce(mitigated_at, resolved_at, 'infinity')
    )
$$;
"""


def refuse(name: str, table: str, event: str, reason: str, condition: str = "") -> str:
    """Return the SQL of a trigger that refuses `event` on the rows that match.

    ENABLE ALWAYS: `session_replication_role = replica` does not switch it off.
    """
    rows = "" if event == "TRUNCATE" else "FOR EACH ROW"
    when = f"WHEN ({condition})" if condition else ""
    return f"""
CREATE TRIGGER {name} BEFORE {event} ON rollout_{table} {rows} {when}
    EXECUTE FUNCTION rollout_refuse('{reason}');
ALTER TABLE rollout_{table} ENABLE ALWAYS TRIGGER {name};
"""


LOGS = {
    "flag_change": "flagchange",
    "rollback_event": "rollbackevent",
    "timeline": "timelineentry",
    "plan_change": "planchange",
    "gate_result": "gateresult",
    "evaluation": "evaluation",
    "check_run": "checkrun",
    "checklist_tick": "checklisttick",
}
PURGED = {"evaluation", "check_run"}
APPEND_ONLY = "the log is append-only"
append_only = "".join(
    refuse(f"{name}_no_truncate", table, "TRUNCATE", APPEND_ONLY)
    + refuse(
        f"{name}_append_only",
        table,
        "UPDATE" if name in PURGED else "UPDATE OR DELETE",
        APPEND_ONLY,
    )
    for name, table in LOGS.items()
)
purged = refuse(
    "evaluation_kept",
    "evaluation",
    "DELETE",
    APPEND_ONLY,
    "OLD.acted OR OLD.action <> 'none' OR OLD.rollback_id IS NOT NULL"
    " OR NOT rollout_is_forgettable(OLD.at)",
) + refuse(
    "check_run_kept",
    "checkrun",
    "DELETE",
    APPEND_ONLY,
    "OLD.kind <> 'probe' OR NOT OLD.passed"
    " OR NOT rollout_is_forgettable(OLD.finished_at)",
)

WRITE = "INSERT OR UPDATE"
flags = (
    refuse("flag_no_groups", "agentflag_groups", WRITE, "flags have no groups")
    + refuse("flag_no_users", "agentflag_users", WRITE, "flags have no users")
    + refuse("flag_never_deleted", "agentflag", "DELETE", "flags are not deleted")
    + refuse(
        "flag_identity_fixed",
        "agentflag",
        "UPDATE",
        "name and salt are fixed",
        "OLD.name <> NEW.name OR OLD.salt <> NEW.salt",
    )
    + refuse(
        "cohort_name_fixed",
        "cohort",
        "UPDATE",
        "the name is fixed",
        "OLD.name <> NEW.name",
    )
    + refuse("cohort_member_fixed", "cohortmember", "UPDATE", "add and remove members")
)

KEPT = "history is not deleted"
plan = (
    refuse("plan_stays", "plan", "DELETE", "there is one plan")
    + refuse("stage_run_stays", "stagerun", "DELETE", KEPT)
    + refuse(
        "stage_run_ends_once",
        "stagerun",
        "UPDATE",
        "a stage run only ends, and once",
        """OLD.exited_at IS NOT NULL
        OR (OLD.stage, OLD.entered_at, OLD.entered_by, OLD.reason)
        IS DISTINCT FROM (NEW.stage, NEW.entered_at, NEW.entered_by, NEW.reason)""",
    )
    + refuse("waiver_stays", "waiver", "DELETE", KEPT)
    + refuse(
        "waiver_approved_once",
        "waiver",
        "UPDATE",
        "a waiver is only approved, and once",
        """OLD.approved_by <> ''
        OR (OLD.run_id, OLD.gate, OLD.reason, OLD.asked_by, OLD.asked_at,
            OLD.expires_at)
        IS DISTINCT FROM (NEW.run_id, NEW.gate, NEW.reason, NEW.asked_by,
            NEW.asked_at, NEW.expires_at)""",
    )
    + refuse("override_stays", "override", "DELETE", KEPT)
    + refuse(
        "override_ends_once",
        "override",
        "UPDATE",
        "an override only ends, and once",
        """OLD.ended_at IS NOT NULL
        OR (OLD.reason, OLD.by, OLD.at, OLD.expires_at)
        IS DISTINCT FROM (NEW.reason, NEW.by, NEW.at, NEW.expires_at)""",
    )
)

# An announcement is sent as the second person approved it. It may go back to a draft
# only before it is being sent.
announcements = (
    refuse(
        "announcement_fixed",
        "announcement",
        "UPDATE",
        "an approved announcement is not changed",
        """OLD.status <> 'draft'
        AND (OLD.subject, OLD.text, OLD.audience, OLD.medium, OLD.drafted_by)
        IS DISTINCT FROM
        (NEW.subject, NEW.text, NEW.audience, NEW.medium, NEW.drafted_by)""",
    )
    + refuse(
        "announcement_arrows",
        "announcement",
        "UPDATE",
        "this change of status is not allowed",
        """OLD.status <> NEW.status
        AND (OLD.status || '>' || NEW.status) <> ALL (ARRAY[
            'draft>approved', 'approved>draft', 'approved>sending', 'approved>sent',
            'sending>sent'])""",
    )
    + refuse("announcement_stays", "announcement", "DELETE", KEPT)
    + refuse("announcement_delivery_stays", "announcementdelivery", "DELETE", KEPT)
)


class Migration(migrations.Migration):
    """Rows that are written once, and values that never change."""

    dependencies = [("rollout", "0001_initial")]

    operations = [
        # CASCADE drops the triggers.
        migrations.RunSQL(REFUSE, "DROP FUNCTION rollout_refuse() CASCADE"),
        migrations.RunSQL(
            FORGETTABLE, "DROP FUNCTION rollout_is_forgettable(timestamptz) CASCADE"
        ),
        migrations.RunSQL(
            append_only + purged + flags + plan + announcements,
            migrations.RunSQL.noop,
        ),
    ]
