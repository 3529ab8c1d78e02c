from __future__ import annotations

from django.db import migrations

# What the audit row of a move is compared with.
STATE = """
CREATE FUNCTION rollout_plan_state() RETURNS jsonb LANGUAGE sql STABLE
SET search_path FROM CURRENT AS $$
    SELECT jsonb_build_object('stage', run.stage, 'state', plan.state, 'run', run.id)
    FROM rollout_plan AS plan JOIN rollout_stagerun AS run ON run.id = plan.run_id
    WHERE plan.id = 1
$$;
"""
STATE_BACK = "DROP FUNCTION rollout_plan_state();"

# A move begins where the last one ended, so that of two at once one fails; it goes up
# by one step from an active stage, or says that it overrides.
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
        RAISE EXCEPTION 'the plan was moved by somebody else meanwhile'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_change_continues';
    END IF;
    steps := array_position(stages, NEW.after ->> 'stage')
        - array_position(stages, NEW.before ->> 'stage');
    IF steps > 0 AND NOT NEW.override AND NOT (
        steps = 1 AND NEW.kind = 'advanced' AND NEW.before ->> 'state' = 'active'
    ) THEN
        RAISE EXCEPTION 'the plan goes up step by step, from an active stage'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_change_goes_up_step_by_step';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stamp_change BEFORE INSERT ON rollout_planchange
    FOR EACH ROW EXECUTE FUNCTION rollout_stamp_plan_change();
ALTER TABLE rollout_planchange ENABLE ALWAYS TRIGGER stamp_change;
"""
STAMP_BACK = """
DROP TRIGGER stamp_change ON rollout_planchange;
DROP FUNCTION rollout_stamp_plan_change();
"""

# At commit: the newest audit row of this transaction says where the plan now is, and
# the plan is in the one stay that is open.
AUDIT = """
CREATE FUNCTION rollout_plan_needs_change() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    told jsonb;
BEGIN
    SELECT after INTO told FROM rollout_planchange
    WHERE transaction_id = pg_current_xact_id()::text::bigint
    ORDER BY id DESC LIMIT 1;
    IF told IS NULL OR told IS DISTINCT FROM rollout_plan_state() THEN
        RAISE EXCEPTION 'the plan moved without its row in the audit log'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_change_in_same_transaction';
    END IF;
    IF NOT EXISTS (
        SELECT FROM rollout_plan AS plan JOIN rollout_stagerun AS run
        ON run.id = plan.run_id WHERE run.exited_at IS NULL
    ) THEN
        RAISE EXCEPTION 'the plan is not in the stay that is open'
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
AUDIT_BACK = """
DROP TRIGGER plan_needs_change ON rollout_stagerun;
DROP TRIGGER plan_needs_change ON rollout_plan;
DROP FUNCTION rollout_plan_needs_change();
"""

# Which state follows which; what is frozen, or has no functions, has nothing on.
ARROWS = """
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
        RAISE EXCEPTION 'the plan does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_state_arrows';
    END IF;
    IF NEW.state = 'frozen' AND EXISTS (
        SELECT FROM rollout_agentflag WHERE everyone IS DISTINCT FROM false
    ) THEN
        RAISE EXCEPTION 'a frozen plan has every feature off'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'plan_frozen_is_all_off';
    END IF;
    IF OLD.state = 'frozen' AND EXISTS (
        SELECT FROM rollout_epoch WHERE functions_removed
    ) THEN
        RAISE EXCEPTION 'the functions are taken away: restore them first'
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
        RAISE EXCEPTION 'nothing is turned on while the plan is frozen'
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
        RAISE EXCEPTION 'the functions are taken away when every feature is off'
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
ARROWS_BACK = """
DROP TRIGGER functions_go_last ON rollout_epoch;
DROP FUNCTION rollout_functions_go_last();
DROP TRIGGER flag_stays_off ON rollout_agentflag_cohorts;
DROP TRIGGER flag_stays_off ON rollout_agentflag;
DROP FUNCTION rollout_flag_stays_off();
DROP TRIGGER plan_arrows ON rollout_plan;
DROP FUNCTION rollout_plan_arrows();
"""

# What was written of a stay, a waiver, an override stands; it ends, once.
FIXED = """
CREATE TRIGGER plan_stays BEFORE DELETE ON rollout_plan
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('there is one plan');
CREATE TRIGGER stage_run_stays BEFORE DELETE ON rollout_stagerun
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the story stays');
CREATE TRIGGER stage_run_ends_once BEFORE UPDATE ON rollout_stagerun
    FOR EACH ROW WHEN (
        OLD.exited_at IS NOT NULL
        OR (OLD.stage, OLD.entered_at, OLD.entered_by, OLD.reason)
        IS DISTINCT FROM (NEW.stage, NEW.entered_at, NEW.entered_by, NEW.reason)
    ) EXECUTE FUNCTION rollout_refuse('a stay only ends, and once');
CREATE TRIGGER waiver_stays BEFORE DELETE ON rollout_waiver
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the story stays');
CREATE TRIGGER waiver_approved_once BEFORE UPDATE ON rollout_waiver
    FOR EACH ROW WHEN (
        OLD.approved_by <> ''
        OR (OLD.run_id, OLD.gate, OLD.reason, OLD.asked_by, OLD.asked_at, OLD.expires_at)
        IS DISTINCT FROM
        (NEW.run_id, NEW.gate, NEW.reason, NEW.asked_by, NEW.asked_at, NEW.expires_at)
    ) EXECUTE FUNCTION rollout_refuse('a waiver is only approved, and once');
CREATE TRIGGER override_stays BEFORE DELETE ON rollout_override
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the story stays');
CREATE TRIGGER override_ends_once BEFORE UPDATE ON rollout_override
    FOR EACH ROW WHEN (
        OLD.ended_at IS NOT NULL
        OR (OLD.reason, OLD.by, OLD.at, OLD.expires_at)
        IS DISTINCT FROM (NEW.reason, NEW.by, NEW.at, NEW.expires_at)
    ) EXECUTE FUNCTION rollout_refuse('an override only ends, and once');
"""
NAMES = (
    ("plan_stays", "rollout_plan"),
    ("stage_run_stays", "rollout_stagerun"),
    ("stage_run_ends_once", "rollout_stagerun"),
    ("waiver_stays", "rollout_waiver"),
    ("waiver_approved_once", "rollout_waiver"),
    ("override_stays", "rollout_override"),
    ("override_ends_once", "rollout_override"),
)
FIXED += "".join(
    f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};\n" for name, table in NAMES
)
FIXED_BACK = "".join(f"DROP TRIGGER {name} ON {table};\n" for name, table in NAMES)


class Migration(migrations.Migration):
    dependencies = [("rollout", "0012_plan_moves_say_why")]

    operations = [
        migrations.RunSQL(STATE, STATE_BACK),
        migrations.RunSQL(STAMP, STAMP_BACK),
        migrations.RunSQL(AUDIT, AUDIT_BACK),
        migrations.RunSQL(ARROWS, ARROWS_BACK),
        migrations.RunSQL(FIXED, FIXED_BACK),
    ]
