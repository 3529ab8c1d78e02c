from __future__ import annotations

from django.db import migrations

CALLS = """
-- A call moves along the arrows of `agents.models.call.ALLOWED`, and what was once
-- stated stays.
CREATE FUNCTION agents_call_moves() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'ringing' THEN
            RAISE EXCEPTION 'a call begins ringing, not %', NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'call_begins_ringing';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('ringing', 'accepting'), ('ringing', 'rejecting'), ('ringing', 'ended'),
        ('accepting', 'accepted'), ('accepting', 'rejecting'), ('accepting', 'ended'),
        ('rejecting', 'rejected'),
        ('accepted', 'attached'), ('accepted', 'ended'),
        ('attached', 'ended')
    ) THEN
        RAISE EXCEPTION 'a call goes not from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'call_moves_forward';
    END IF;
    IF (NEW.call_id, NEW.event_id, NEW.is_synthetic, NEW.received_at)
           IS DISTINCT FROM
           (OLD.call_id, OLD.event_id, OLD.is_synthetic, OLD.received_at)
       OR OLD.profile_id IS NOT NULL
           AND NEW.profile_id IS DISTINCT FROM OLD.profile_id
       OR OLD.conversation_id IS NOT NULL
           AND NEW.conversation_id IS DISTINCT FROM OLD.conversation_id
       OR OLD.decided_at IS NOT NULL
           AND NEW.decided_at IS DISTINCT FROM OLD.decided_at
       OR OLD.accepted_at IS NOT NULL
           AND NEW.accepted_at IS DISTINCT FROM OLD.accepted_at
       OR OLD.attached_at IS NOT NULL
           AND NEW.attached_at IS DISTINCT FROM OLD.attached_at
       OR OLD.verified_at IS NOT NULL
           AND (NEW.verified_at, NEW.verified_by)
               IS DISTINCT FROM (OLD.verified_at, OLD.verified_by)
       OR OLD.state IN ('rejected', 'ended')
           AND (NEW.reason, NEW.outcome, NEW.ended_at, NEW.reject_status, NEW.verified_at)
               IS DISTINCT FROM
               (OLD.reason, OLD.outcome, OLD.ended_at, OLD.reject_status, OLD.verified_at)
    THEN
        RAISE EXCEPTION 'this fact of a call was stated before'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'call_facts_stay';
    END IF;
    IF NEW.lease_token IS NOT NULL
       AND NEW.lease_token IS DISTINCT FROM OLD.lease_token
       AND NOT EXISTS (
           SELECT FROM agents_callclaim AS claim
           WHERE claim.token = NEW.lease_token AND claim.call_id = NEW.id
       )
    THEN
        RAISE EXCEPTION 'a lease of a call begins with a claim'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'call_lease_was_claimed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER call_moves BEFORE INSERT OR UPDATE ON agents_call
    FOR EACH ROW EXECUTE FUNCTION agents_call_moves();
ALTER TABLE agents_call ENABLE ALWAYS TRIGGER call_moves;

-- A call is claimed while it rings, or after the lease before has ended.
CREATE FUNCTION agents_call_claimed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    claimed agents_call;
BEGIN
    SELECT * INTO claimed FROM agents_call WHERE id = NEW.call_id FOR NO KEY UPDATE;
    IF NEW.cause = 'webhook' AND claimed.state = 'ringing'
       OR NEW.cause <> 'webhook'
          AND claimed.state IN ('accepting', 'rejecting', 'accepted', 'attached')
          AND claimed.lease_expires_at <= clock_timestamp()
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the call is % and has a worker', claimed.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'call_claim_of_free_call';
END $$;

CREATE TRIGGER call_claimed BEFORE INSERT ON agents_callclaim
    FOR EACH ROW EXECUTE FUNCTION agents_call_claimed();
ALTER TABLE agents_callclaim ENABLE ALWAYS TRIGGER call_claimed;

-- Only retention deletes, and the only change allowed is to blank the words.
CREATE FUNCTION agents_call_record_fixed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    age timestamptz;
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'agents_callevent' THEN
        IF NEW.text = '' THEN
            OLD.text := '';
            IF NEW IS NOT DISTINCT FROM OLD THEN
                RETURN NEW;
            END IF;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT received_at INTO age FROM agents_call WHERE id = OLD.call_id;
        IF age < statement_timestamp() - interval '90 days' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% is written once: no %', TG_TABLE_NAME, lower(TG_OP)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;

CREATE TRIGGER call_event_fixed BEFORE UPDATE OR DELETE ON agents_callevent
    FOR EACH ROW EXECUTE FUNCTION agents_call_record_fixed();
CREATE TRIGGER call_event_no_truncate BEFORE TRUNCATE ON agents_callevent
    FOR EACH STATEMENT EXECUTE FUNCTION agents_append_only();
CREATE TRIGGER call_claim_fixed BEFORE UPDATE OR DELETE ON agents_callclaim
    FOR EACH ROW EXECUTE FUNCTION agents_call_record_fixed();
CREATE TRIGGER call_claim_no_truncate BEFORE TRUNCATE ON agents_callclaim
    FOR EACH STATEMENT EXECUTE FUNCTION agents_append_only();
-- ENABLE ALWAYS: they also fire with session_replication_role = replica.
ALTER TABLE agents_callevent ENABLE ALWAYS TRIGGER call_event_fixed;
ALTER TABLE agents_callevent ENABLE ALWAYS TRIGGER call_event_no_truncate;
ALTER TABLE agents_callclaim ENABLE ALWAYS TRIGGER call_claim_fixed;
ALTER TABLE agents_callclaim ENABLE ALWAYS TRIGGER call_claim_no_truncate;
-- Free space on each page, so that updates stay on it (HOT).
ALTER TABLE agents_call SET (fillfactor = 70);
"""
CALLS_BACK = """
DROP TRIGGER call_event_no_truncate ON agents_callevent;
DROP TRIGGER call_claim_no_truncate ON agents_callclaim;
DROP FUNCTION agents_call_record_fixed CASCADE;
DROP FUNCTION agents_call_claimed CASCADE;
DROP FUNCTION agents_call_moves CASCADE;
ALTER TABLE agents_call RESET (fillfactor);
"""


class Migration(migrations.Migration):
    """Let calls move forward only, and make their records append-only."""

    dependencies = [("agents", "0010_calls")]
    operations = [migrations.RunSQL(CALLS, CALLS_BACK)]
