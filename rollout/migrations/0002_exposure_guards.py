from __future__ import annotations

from django.db import migrations

# Every change of exposure raises the epoch and rings, in its own transaction.
EPOCH = """
CREATE FUNCTION rollout_bump_epoch() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE rollout_epoch SET version = version + 1, changed_at = clock_timestamp()
    WHERE id = 1;
    PERFORM pg_notify('rollout', '');
    RETURN NULL;
END $$;
CREATE TRIGGER bump_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON rollout_agentflag FOR EACH STATEMENT EXECUTE FUNCTION rollout_bump_epoch();
CREATE TRIGGER bump_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON rollout_agentflag_cohorts
    FOR EACH STATEMENT EXECUTE FUNCTION rollout_bump_epoch();
CREATE TRIGGER bump_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON rollout_cohort FOR EACH STATEMENT EXECUTE FUNCTION rollout_bump_epoch();
CREATE TRIGGER bump_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON rollout_cohortmember
    FOR EACH STATEMENT EXECUTE FUNCTION rollout_bump_epoch();
"""
EPOCH_BACK = """
DROP TRIGGER bump_epoch ON rollout_agentflag;
DROP TRIGGER bump_epoch ON rollout_agentflag_cohorts;
DROP TRIGGER bump_epoch ON rollout_cohort;
DROP TRIGGER bump_epoch ON rollout_cohortmember;
DROP FUNCTION rollout_bump_epoch();
"""

# What a flag means for exposure, as the audit log writes it down.
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
STATE_BACK = "DROP FUNCTION rollout_flag_state(bigint);"

# The audit row says itself in which transaction and at which epoch it was made.
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
STAMP_BACK = """
DROP TRIGGER stamp_change ON rollout_flagchange;
DROP FUNCTION rollout_stamp_change();
"""

# At commit: the newest audit row of this transaction says what the flag now is.
FLAG_AUDIT = """
CREATE FUNCTION rollout_flag_needs_change() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    wanted bigint := coalesce(to_jsonb(NEW), to_jsonb(OLD)) ->> TG_ARGV[0];
    told jsonb;
BEGIN
    SELECT after INTO told FROM rollout_flagchange
    WHERE flag_id = wanted
      AND transaction_id = pg_current_xact_id()::text::bigint
    ORDER BY id DESC LIMIT 1;
    IF told IS NULL OR told IS DISTINCT FROM rollout_flag_state(wanted) THEN
        RAISE EXCEPTION 'feature % changed without its row in the audit log', wanted
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
FLAG_AUDIT_BACK = """
DROP TRIGGER flag_needs_change ON rollout_agentflag;
DROP TRIGGER flag_needs_change ON rollout_agentflag_cohorts;
DROP FUNCTION rollout_flag_needs_change();
"""

# At commit: the newest audit row about this member says whether she is in.
MEMBER_AUDIT = """
CREATE FUNCTION rollout_member_needs_change() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    member record;
    told text;
    is_in boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN member := OLD; ELSE member := NEW; END IF;
    SELECT kind INTO told FROM rollout_flagchange
    WHERE cohort_id = member.cohort_id AND subject = member.subject
      AND transaction_id = pg_current_xact_id()::text::bigint
    ORDER BY id DESC LIMIT 1;
    is_in := EXISTS (
        SELECT FROM rollout_cohortmember
        WHERE cohort_id = member.cohort_id AND subject = member.subject);
    IF told IS NULL OR (told = 'member_added') IS DISTINCT FROM is_in THEN
        RAISE EXCEPTION 'a cohort''s members changed without a row in the audit log'
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
MEMBER_AUDIT_BACK = """
DROP TRIGGER member_needs_change ON rollout_cohortmember;
DROP FUNCTION rollout_member_needs_change();
"""

# Some rows are only ever written once: the story, names, waffle's side doors.
FIXED = """
CREATE FUNCTION rollout_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % is refused: %', TG_TABLE_NAME, TG_OP, TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER flag_change_no_truncate BEFORE TRUNCATE
    ON rollout_flagchange
    EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER flag_change_append_only BEFORE UPDATE OR DELETE
    ON rollout_flagchange
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER rollback_event_no_truncate BEFORE TRUNCATE
    ON rollout_rollbackevent
    EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER rollback_event_append_only BEFORE UPDATE OR DELETE
    ON rollout_rollbackevent
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER timeline_no_truncate BEFORE TRUNCATE
    ON rollout_timelineentry
    EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER timeline_append_only BEFORE UPDATE OR DELETE
    ON rollout_timelineentry
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the log is append-only');
CREATE TRIGGER flag_no_groups BEFORE INSERT OR UPDATE
    ON rollout_agentflag_groups
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('a group is no subject');
CREATE TRIGGER flag_no_users BEFORE INSERT OR UPDATE
    ON rollout_agentflag_users
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('a login is no subject');
CREATE TRIGGER flag_never_deleted BEFORE DELETE ON rollout_agentflag
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('features stay');
CREATE TRIGGER flag_identity_fixed BEFORE UPDATE ON rollout_agentflag
    FOR EACH ROW WHEN (OLD.name <> NEW.name OR OLD.salt <> NEW.salt)
    EXECUTE FUNCTION rollout_refuse('name and salt are fixed');
CREATE TRIGGER cohort_name_fixed BEFORE UPDATE ON rollout_cohort
    FOR EACH ROW WHEN (OLD.name <> NEW.name)
    EXECUTE FUNCTION rollout_refuse('the name is fixed');
CREATE TRIGGER cohort_member_fixed BEFORE UPDATE ON rollout_cohortmember
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('add and remove members');
ALTER TABLE rollout_flagchange ENABLE ALWAYS TRIGGER flag_change_append_only;
ALTER TABLE rollout_flagchange ENABLE ALWAYS TRIGGER flag_change_no_truncate;
ALTER TABLE rollout_rollbackevent ENABLE ALWAYS TRIGGER rollback_event_append_only;
ALTER TABLE rollout_rollbackevent ENABLE ALWAYS TRIGGER rollback_event_no_truncate;
ALTER TABLE rollout_timelineentry ENABLE ALWAYS TRIGGER timeline_append_only;
ALTER TABLE rollout_timelineentry ENABLE ALWAYS TRIGGER timeline_no_truncate;
ALTER TABLE rollout_agentflag_groups ENABLE ALWAYS TRIGGER flag_no_groups;
ALTER TABLE rollout_agentflag_users ENABLE ALWAYS TRIGGER flag_no_users;
ALTER TABLE rollout_agentflag ENABLE ALWAYS TRIGGER flag_never_deleted;
ALTER TABLE rollout_agentflag ENABLE ALWAYS TRIGGER flag_identity_fixed;
ALTER TABLE rollout_cohort ENABLE ALWAYS TRIGGER cohort_name_fixed;
ALTER TABLE rollout_cohortmember ENABLE ALWAYS TRIGGER cohort_member_fixed;
"""
FIXED_BACK = """
DROP TRIGGER flag_change_no_truncate ON rollout_flagchange;
DROP TRIGGER flag_change_append_only ON rollout_flagchange;
DROP TRIGGER rollback_event_no_truncate ON rollout_rollbackevent;
DROP TRIGGER rollback_event_append_only ON rollout_rollbackevent;
DROP TRIGGER timeline_no_truncate ON rollout_timelineentry;
DROP TRIGGER timeline_append_only ON rollout_timelineentry;
DROP TRIGGER flag_no_groups ON rollout_agentflag_groups;
DROP TRIGGER flag_no_users ON rollout_agentflag_users;
DROP TRIGGER flag_never_deleted ON rollout_agentflag;
DROP TRIGGER flag_identity_fixed ON rollout_agentflag;
DROP TRIGGER cohort_name_fixed ON rollout_cohort;
DROP TRIGGER cohort_member_fixed ON rollout_cohortmember;
DROP FUNCTION rollout_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("rollout", "0001_initial")]

    operations = [
        migrations.RunSQL(EPOCH, EPOCH_BACK),
        migrations.RunSQL(STATE, STATE_BACK),
        migrations.RunSQL(STAMP, STAMP_BACK),
        migrations.RunSQL(FLAG_AUDIT, FLAG_AUDIT_BACK),
        migrations.RunSQL(MEMBER_AUDIT, MEMBER_AUDIT_BACK),
        migrations.RunSQL(FIXED, FIXED_BACK),
    ]
