from __future__ import annotations

from django.db import migrations

# The audit row of a change of the plan is compared with this state.
STATE = """
CREATE FUNCTION rollout_plan_state() RETURNS jsonb LANGUAGE sql STABLE
SET search_path FROM CURRENT AS $$
    SELECT jsonb_build_object('stage', run.stage, 'state', plan.state, 'run', run.id)
    FROM rollout_plan AS plan JOIN rollout_stagerun AS run ON run.id = plan.run_id
    WHERE plan.id = 1
$$;
"""

# A change starts from the state that the last one left, so that one of two concurrent
# changes fails. It advances one stage, from an active stage, or it is an override.
STAMP = """
CREATE FUNCTION rollout_stamp_plan_change() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    stages CONSTANT text[] := '{infrastructure,smoke,beta,production}';
    last jsonb;
    steps int;
BEGIN
    NEW.transaction_id := pg_current_xact_id()::text::bigint;
    SELECT after INTO last FROM rollout_planchange ORDER BY id DESC LIMIT 1;
    IF last IS NOT NULL AND (
        last -> 'stage' IS DISTINCT FROM NEW.before -> 'stage'
        OR last -> 'state' IS DISTINCT FROM NEW.before -> 'state'
    ) THEN
        RAISE EXCEPTION 'the plan has changed since it was read'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_change_continues';
    END IF;
    steps := array_position(stages, NEW.after ->> 'stage')
        - array_position(stages, NEW.before ->> 'stage');
    IF steps > 0 AND NOT NEW.override AND NOT (
        steps = 1 AND NEW.kind = 'advanced' AND NEW.before ->> 'state' = 'active'
    ) THEN
        RAISE EXCEPTION 'the plan advances one stage at a time, from an active stage'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_change_goes_up_step_by_step';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stamp_change BEFORE INSERT ON rollout_planchange
    FOR EACH ROW EXECUTE FUNCTION rollout_stamp_plan_change();
ALTER TABLE rollout_planchange ENABLE ALWAYS TRIGGER stamp_change;
"""

# At commit: the newest audit row of this transaction holds the state of the plan, and
# the plan is in the one open stage run.
AUDIT = """
CREATE FUNCTION rollout_plan_needs_change() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    recorded jsonb;
BEGIN
    SELECT after INTO recorded FROM rollout_planchange
    WHERE transaction_id = pg_current_xact_id()::text::bigint
    ORDER BY id DESC LIMIT 1;
    IF recorded IS NULL OR recorded IS DISTINCT FROM rollout_plan_state() THEN
        RAISE EXCEPTION 'the plan changed without a row in the audit log'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_change_in_same_transaction';
    END IF;
    IF NOT EXISTS (
        SELECT FROM rollout_plan AS plan JOIN rollout_stagerun AS run
        ON run.id = plan.run_id WHERE run.exited_at IS NULL
    ) THEN
        RAISE EXCEPTION 'the plan is not in the open stage run'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_in_its_open_stay';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER plan_needs_change AFTER INSERT OR UPDATE ON rollout_plan
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION rollout_plan_needs_change();
CREATE CONSTRAINT TRIGGER plan_needs_change AFTER INSERT OR UPDATE ON rollout_stagerun
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION rollout_plan_needs_change();
ALTER TABLE rollout_plan ENABLE ALWAYS TRIGGER plan_needs_change;
ALTER TABLE rollout_stagerun ENABLE ALWAYS TRIGGER plan_needs_change;
"""

# The allowed changes of state. While the plan is frozen, or the functions are removed,
# every feature is off.
STATES = """
CREATE FUNCTION rollout_plan_arrows() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    IF (OLD.state || '>' || NEW.state) <> ALL (ARRAY[
        'active>held', 'active>rolled_back', 'active>frozen',
        'held>active', 'held>recovery', 'held>rolled_back', 'held>frozen',
        'rolled_back>recovery', 'rolled_back>frozen',
        'recovery>active', 'recovery>held', 'recovery>rolled_back', 'recovery>frozen',
        'frozen>rolled_back', 'frozen>recovery'
    ]) THEN
        RAISE EXCEPTION 'the plan cannot change from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_state_arrows';
    END IF;
    IF NEW.state = 'frozen' AND EXISTS (
        SELECT FROM rollout_agentflag WHERE everyone IS DISTINCT FROM false
    ) THEN
        RAISE EXCEPTION 'a plan can be frozen only when every feature is off'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_frozen_is_all_off';
    END IF;
    IF OLD.state = 'frozen' AND EXISTS (
        SELECT FROM rollout_epoch WHERE functions_removed
    ) THEN
        RAISE EXCEPTION 'the functions are removed: restore them first'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_frozen_until_restored';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER plan_arrows BEFORE UPDATE ON rollout_plan
    FOR EACH ROW WHEN (OLD.state <> NEW.state)
    EXECUTE FUNCTION rollout_plan_arrows();
CREATE FUNCTION rollout_flag_stays_off() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT FROM rollout_plan WHERE state = 'frozen')
        OR EXISTS (SELECT FROM rollout_epoch WHERE functions_removed) THEN
        RAISE EXCEPTION 'no feature can be turned on while the plan is frozen'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'flag_stays_off_while_frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER flag_stays_off BEFORE INSERT OR UPDATE ON rollout_agentflag
    FOR EACH ROW WHEN (NEW.everyone IS DISTINCT FROM false)
    EXECUTE FUNCTION rollout_flag_stays_off();
CREATE TRIGGER flag_stays_off BEFORE INSERT OR UPDATE ON rollout_agentflag_cohorts
    FOR EACH ROW EXECUTE FUNCTION rollout_flag_stays_off();
CREATE FUNCTION rollout_functions_go_last() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (
        SELECT FROM rollout_agentflag WHERE everyone IS DISTINCT FROM false
    ) THEN
        RAISE EXCEPTION 'the functions can be removed only when every feature is off'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'functions_removed_is_all_off';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER functions_go_last BEFORE UPDATE ON rollout_epoch
    FOR EACH ROW WHEN (NEW.functions_removed AND NOT OLD.functions_removed)
    EXECUTE FUNCTION rollout_functions_go_last();
ALTER TABLE rollout_plan ENABLE ALWAYS TRIGGER plan_arrows;
ALTER TABLE rollout_agentflag ENABLE ALWAYS TRIGGER flag_stays_off;
ALTER TABLE rollout_agentflag_cohorts ENABLE ALWAYS TRIGGER flag_stays_off;
ALTER TABLE rollout_epoch ENABLE ALWAYS TRIGGER functions_go_last;
"""


class Migration(migrations.Migration):
    dependencies = [("rollout", "0003_exposure_audit")]

    # CASCADE drops the triggers.
    operations = [
        migrations.RunSQL(STATE, "DROP FUNCTION rollout_plan_state()"),
        migrations.RunSQL(STAMP, "DROP FUNCTION rollout_stamp_plan_change() CASCADE"),
        migrations.RunSQL(AUDIT, "DROP FUNCTION rollout_plan_needs_change() CASCADE"),
        migrations.RunSQL(
            STATES,
            """
            DROP FUNCTION rollout_functions_go_last() CASCADE;
            DROP FUNCTION rollout_flag_stays_off() CASCADE;
            DROP FUNCTION rollout_plan_arrows() CASCADE;
            """,
        ),
    ]
