from __future__ import annotations

from django.db import migrations

# Each change of exposure raises the epoch and notifies all processes, in its own
# transaction.
EPOCH = """
CREATE FUNCTION rollout_bump_epoch() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE rollout_epoch SET version = version + 1, changed_at = clock_timestamp()
    WHERE id = 1;
    PERFORM pg_notify('rollout', '');
    RETURN NULL;
END $$;
"""
EPOCH += "".join(
    f"""
CREATE TRIGGER bump_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON rollout_{table} FOR EACH STATEMENT EXECUTE FUNCTION rollout_bump_epoch();
"""
    for table in ("agentflag", "agentflag_cohorts", "cohort", "cohortmember")
)

# The exposure of a flag, as the audit log stores it.
STATE = """
CREATE FUNCTION rollout_flag_state(wanted bigint) RETURNS jsonb
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT jsonb_build_object(
        'everyone', flag.everyone,
        'percent', trim_scale(flag.percent),
        'cohorts', coalesce(
            (SELECT jsonb_agg(cohort.name ORDER BY cohort.name COLLATE "C")
             FROM rollout_agentflag_cohorts AS link
             JOIN rollout_cohort AS cohort ON cohort.id = link.cohort_id
             WHERE link.agentflag_id = flag.id),
            '[]'::jsonb))
    FROM rollout_agentflag AS flag WHERE flag.id = wanted
$$;
"""

# Each audit row stores the transaction and the epoch in which it was written.
STAMP = """
CREATE FUNCTION rollout_stamp_change() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    NEW.transaction_id := pg_current_xact_id()::text::bigint;
    NEW.epoch := coalesce((SELECT version FROM rollout_epoch WHERE id = 1), 0);
    RETURN NEW;
END $$;
CREATE TRIGGER stamp_change BEFORE INSERT ON rollout_flagchange
    FOR EACH ROW EXECUTE FUNCTION rollout_stamp_change();
ALTER TABLE rollout_flagchange ENABLE ALWAYS TRIGGER stamp_change;
"""

# At commit: the newest audit row of this transaction holds the state of the flag.
FLAG_AUDIT = """
CREATE FUNCTION rollout_flag_needs_change() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    wanted bigint := coalesce(to_jsonb(NEW), to_jsonb(OLD)) ->> TG_ARGV[0];
    recorded jsonb;
BEGIN
    SELECT after INTO recorded FROM rollout_flagchange
    WHERE flag_id = wanted
      AND transaction_id = pg_current_xact_id()::text::bigint
    ORDER BY id DESC LIMIT 1;
    IF recorded IS NULL OR recorded IS DISTINCT FROM rollout_flag_state(wanted) THEN
        RAISE EXCEPTION 'flag % changed without a row in the audit log', wanted
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'flag_change_in_same_transaction';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER flag_needs_change AFTER INSERT OR UPDATE
    ON rollout_agentflag DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION rollout_flag_needs_change('id');
CREATE CONSTRAINT TRIGGER flag_needs_change AFTER INSERT OR UPDATE OR DELETE
    ON rollout_agentflag_cohorts DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION rollout_flag_needs_change('agentflag_id');
ALTER TABLE rollout_agentflag ENABLE ALWAYS TRIGGER flag_needs_change;
ALTER TABLE rollout_agentflag_cohorts ENABLE ALWAYS TRIGGER flag_needs_change;
"""

# At commit: the newest audit row of this member says whether they are in the cohort.
MEMBER_AUDIT = """
CREATE FUNCTION rollout_member_needs_change() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    member record;
    recorded text;
    is_in boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN member := OLD; ELSE member := NEW; END IF;
    SELECT kind INTO recorded FROM rollout_flagchange
    WHERE cohort_id = member.cohort_id AND subject = member.subject
      AND transaction_id = pg_current_xact_id()::text::bigint
    ORDER BY id DESC LIMIT 1;
    is_in := EXISTS (
        SELECT FROM rollout_cohortmember
        WHERE cohort_id = member.cohort_id AND subject = member.subject);
    IF recorded IS NULL OR (recorded = 'member_added') IS DISTINCT FROM is_in THEN
        RAISE EXCEPTION 'the members of a cohort changed without a row in the audit log'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'member_change_in_same_transaction';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER member_needs_change AFTER INSERT OR DELETE
    ON rollout_cohortmember DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION rollout_member_needs_change();
ALTER TABLE rollout_cohortmember ENABLE ALWAYS TRIGGER member_needs_change;
"""


class Migration(migrations.Migration):
    dependencies = [("rollout", "0002_fixed_rows")]

    # CASCADE drops the triggers.
    operations = [
        migrations.RunSQL(EPOCH, "DROP FUNCTION rollout_bump_epoch() CASCADE"),
        migrations.RunSQL(STATE, "DROP FUNCTION rollout_flag_state(bigint)"),
        migrations.RunSQL(STAMP, "DROP FUNCTION rollout_stamp_change() CASCADE"),
        migrations.RunSQL(
            FLAG_AUDIT, "DROP FUNCTION rollout_flag_needs_change() CASCADE"
        ),
        migrations.RunSQL(
            MEMBER_AUDIT, "DROP FUNCTION rollout_member_needs_change() CASCADE"
        ),
    ]
