-- Triggers that refuse invalid changes, also of hand-written SQL.

-- Allow only valid changes of status, protect the fixed columns, and require that each
-- change increments seq by one.
CREATE OR REPLACE FUNCTION voucher_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    step text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a voucher cannot be deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_never_deleted';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq <> 1 OR NEW.status NOT IN ('pending_approval', 'issued') THEN
            RAISE EXCEPTION 'a new voucher is requested or issued and has seq 1'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_beginning';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'each change of a voucher increments seq by 1'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_seq_is_next';
    END IF;
    IF (NEW.id, NEW.public_id, NEW.reference, NEW.amount_minor, NEW.currency,
        NEW.created_by_kind, NEW.created_by_id, NEW.created_at)
       <> (OLD.id, OLD.public_id, OLD.reference, OLD.amount_minor, OLD.currency,
           OLD.created_by_kind, OLD.created_by_id, OLD.created_at)
       OR NEW.created_by_profile_id IS DISTINCT FROM OLD.created_by_profile_id
       OR NEW.created_by_user_id IS DISTINCT FROM OLD.created_by_user_id
       OR (OLD.issued_at IS NOT NULL AND NEW.issued_at IS DISTINCT FROM OLD.issued_at)
    THEN
        RAISE EXCEPTION 'amount, currency, identity and origin of a voucher cannot change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_facts_are_fixed';
    END IF;
    step := OLD.status || '>' || NEW.status;
    IF step NOT IN ('pending_approval>issued', 'pending_approval>void',
                    'issued>redeemed', 'issued>void', 'issued>expired',
                    'issued>issued', 'redeemed>issued') THEN
        RAISE EXCEPTION 'a voucher cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_step_is_allowed';
    END IF;
    IF NEW.owner_id <> OLD.owner_id AND step <> 'issued>issued' THEN
        RAISE EXCEPTION 'only an issued voucher can change its owner'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_owner_is_fixed';
    END IF;
    IF (NEW.code_hmac IS DISTINCT FROM OLD.code_hmac
        OR NEW.code_key_id <> OLD.code_key_id OR NEW.code_last4 <> OLD.code_last4)
       AND step NOT IN ('issued>issued', 'pending_approval>issued') THEN
        RAISE EXCEPTION 'only an issued voucher can change its code'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_code_is_fixed';
    END IF;
    IF NEW.expires_at <> OLD.expires_at AND step <> 'pending_approval>issued'
       AND NOT (step = 'issued>issued' AND NEW.expires_at > OLD.expires_at) THEN
        RAISE EXCEPTION 'only an issued voucher can get a later expiry'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_expiry_is_fixed';
    END IF;
    RETURN NEW;
END $$;

-- Check an event against the event before it and set its hashes.
CREATE OR REPLACE FUNCTION voucher_event_chain() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    earlier voucher_event;
    reversed voucher_event;
BEGIN
    IF NEW.seq = 1 THEN
        SELECT sha256(convert_to('easymo.voucher.1:' || v.public_id::text, 'UTF8'))
          INTO NEW.previous_hash FROM vouchers v WHERE v.id = NEW.voucher_id;
        IF NEW.old_status IS NOT NULL OR NEW.previous_hash IS NULL THEN
            RAISE EXCEPTION 'the first event needs a voucher and no old status'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_event_follows';
        END IF;
    ELSE
        SELECT * INTO earlier FROM voucher_event e
         WHERE e.voucher_id = NEW.voucher_id AND e.seq = NEW.seq - 1;
        IF NOT FOUND OR NEW.old_status IS DISTINCT FROM earlier.new_status THEN
            RAISE EXCEPTION 'event % does not follow the event before it', NEW.seq
                USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_event_follows';
        END IF;
        IF NEW.amount_minor <> earlier.amount_minor
           OR NEW.currency <> earlier.currency
           OR (NEW.owner_id <> earlier.owner_id AND NEW.kind <> 'owner_moved')
           OR (NEW.code_commit IS DISTINCT FROM earlier.code_commit
               AND NEW.kind NOT IN ('code_rotated', 'issued'))
           OR (NEW.expires_at <> earlier.expires_at
               AND NEW.kind NOT IN ('extended', 'issued'))
           OR (NEW.kind = 'extended' AND NEW.expires_at <= earlier.expires_at) THEN
            RAISE EXCEPTION 'a % event cannot change these facts', NEW.kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_event_facts';
        END IF;
        IF NEW.reverses_id IS NOT NULL THEN
            SELECT * INTO reversed FROM voucher_event e WHERE e.id = NEW.reverses_id;
            IF reversed.voucher_id IS DISTINCT FROM NEW.voucher_id
               OR reversed.kind IS DISTINCT FROM 'redeemed'
               OR reversed.seq <> NEW.seq - 1 THEN
                RAISE EXCEPTION 'a reversal must name the redemption just before it'
                    USING ERRCODE = 'check_violation',
                          CONSTRAINT = 'voucher_event_reverses_redemption';
            END IF;
        END IF;
        NEW.previous_hash := earlier.hash;
    END IF;
    NEW.hash := sha256(NEW.previous_hash || convert_to(array_to_json(ARRAY[
        NEW.voucher_id::text, NEW.seq::text, NEW.kind, NEW.old_status, NEW.new_status,
        NEW.amount_minor::text, NEW.currency, NEW.owner_id::text,
        (extract(epoch FROM NEW.expires_at) * 1000000)::bigint::text,
        encode(NEW.code_commit, 'hex'), NEW.actor_kind, NEW.actor_id, NEW.channel,
        NEW.station_id::text, NEW.key, encode(NEW.fingerprint, 'hex'),
        NEW.correlation_id::text, NEW.reverses_id::text,
        encode(NEW.note_commit, 'hex'),
        (extract(epoch FROM NEW.created_at) * 1000000)::bigint::text
    ])::text, 'UTF8'));
    RETURN NEW;
END $$;

-- At commit, the last event agrees with the voucher's row, and no event has a higher
-- seq than the row.
CREATE OR REPLACE FUNCTION voucher_event_matches() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v vouchers;
BEGIN
    SELECT * INTO v FROM vouchers WHERE id = NEW.voucher_id;
    IF v.seq IS NULL OR v.seq < NEW.seq OR (v.seq = NEW.seq AND (
        v.status <> NEW.new_status
        OR v.amount_minor <> NEW.amount_minor
        OR v.currency <> NEW.currency
        OR v.owner_id <> NEW.owner_id
        OR v.expires_at <> NEW.expires_at
        OR sha256(v.code_hmac) IS DISTINCT FROM NEW.code_commit
        OR (v.status = 'redeemed' AND (
            v.station_id IS DISTINCT FROM NEW.station_id
            OR v.redeemed_at IS DISTINCT FROM NEW.created_at))))
    THEN
        RAISE EXCEPTION 'event % does not match its voucher', NEW.seq
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_event_matches_row';
    END IF;
    IF NEW.kind = 'issued' AND NEW.old_status = 'pending_approval' AND NOT EXISTS (
        SELECT FROM voucher_approval a
         WHERE a.voucher_id = NEW.voucher_id AND a.decision = 'approved') THEN
        RAISE EXCEPTION 'a requested voucher needs the approval of a second person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_approved_by_person';
    END IF;
    -- A request has an end, and a voucher that waits no longer has no open request.
    IF (NEW.kind = 'requested' OR NEW.old_status = 'pending_approval') AND NOT EXISTS (
        SELECT FROM voucher_approval_request q WHERE q.voucher_id = NEW.voucher_id
           AND (NEW.kind = 'requested' OR q.ended_at IS NOT NULL)) THEN
        RAISE EXCEPTION 'a request has an end, and ends with its decision'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_request_has_end';
    END IF;
    RETURN NULL;
END $$;

-- Set the logins and profiles of creator and approver from the rows.
CREATE OR REPLACE FUNCTION voucher_approval_people() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT v.created_by_user_id, v.created_by_profile_id
      INTO NEW.creator_user_id, NEW.creator_profile_id
      FROM vouchers v WHERE v.id = NEW.voucher_id;
    NEW.creator_user_id := coalesce(NEW.creator_user_id, (
        SELECT p.user_id FROM profiles p WHERE p.id = NEW.creator_profile_id));
    NEW.approver_profile_id := (
        SELECT min(p.id) FROM profiles p WHERE p.user_id = NEW.approver_id);
    IF NEW.decision = 'approved' AND EXISTS (
        SELECT FROM vouchers v WHERE v.id = NEW.voucher_id
           AND approval_bar(NEW.approver_id, v) IS NOT NULL) THEN
        RAISE EXCEPTION 'this person cannot approve this voucher'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_second_person';
    END IF;
    IF NEW.decision = 'approved' AND NOT request_is_open(NEW.voucher_id) THEN
        RAISE EXCEPTION 'the time to approve this request is over'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    RETURN NEW;
END $$;

-- Refuse every change of an append-only table.
CREATE OR REPLACE FUNCTION voucher_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is not allowed', TG_TABLE_NAME, lower(TG_OP)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;

-- ENABLE ALWAYS: the triggers also fire when session_replication_role is replica.
CREATE TRIGGER voucher_guard BEFORE INSERT OR UPDATE OR DELETE ON vouchers
    FOR EACH ROW EXECUTE FUNCTION voucher_guard();
ALTER TABLE vouchers ENABLE ALWAYS TRIGGER voucher_guard;
CREATE TRIGGER voucher_no_truncate BEFORE TRUNCATE ON vouchers
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE vouchers ENABLE ALWAYS TRIGGER voucher_no_truncate;

CREATE TRIGGER voucher_event_chain BEFORE INSERT ON voucher_event
    FOR EACH ROW EXECUTE FUNCTION voucher_event_chain();
ALTER TABLE voucher_event ENABLE ALWAYS TRIGGER voucher_event_chain;
CREATE CONSTRAINT TRIGGER voucher_event_matches AFTER INSERT ON voucher_event
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION voucher_event_matches();
ALTER TABLE voucher_event ENABLE ALWAYS TRIGGER voucher_event_matches;
CREATE TRIGGER voucher_event_append_only BEFORE UPDATE OR DELETE ON voucher_event
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_event ENABLE ALWAYS TRIGGER voucher_event_append_only;
CREATE TRIGGER voucher_event_no_truncate BEFORE TRUNCATE ON voucher_event
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_event ENABLE ALWAYS TRIGGER voucher_event_no_truncate;

CREATE TRIGGER voucher_approval_people BEFORE INSERT ON voucher_approval
    FOR EACH ROW EXECUTE FUNCTION voucher_approval_people();
ALTER TABLE voucher_approval ENABLE ALWAYS TRIGGER voucher_approval_people;
CREATE TRIGGER voucher_approval_append_only BEFORE UPDATE OR DELETE ON voucher_approval
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_approval ENABLE ALWAYS TRIGGER voucher_approval_append_only;
CREATE TRIGGER voucher_approval_no_truncate BEFORE TRUNCATE ON voucher_approval
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_approval ENABLE ALWAYS TRIGGER voucher_approval_no_truncate;

-- The end of a request is fixed, and it is ended once, after its voucher.
CREATE OR REPLACE FUNCTION voucher_approval_request_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
       OR (NEW.voucher_id, NEW.ends_at) <> (OLD.voucher_id, OLD.ends_at)
       OR EXISTS (SELECT FROM vouchers v
                   WHERE v.id = OLD.voucher_id AND v.status = 'pending_approval') THEN
        RAISE EXCEPTION 'the end of a request is fixed, and it is ended once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
    END IF;
    RETURN NEW;
END $$;

-- A note can be deleted but not changed.
CREATE TRIGGER voucher_note_fixed BEFORE UPDATE ON voucher_note
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_note ENABLE ALWAYS TRIGGER voucher_note_fixed;

-- The record of an erasure never changes.
CREATE TRIGGER erasure_append_only BEFORE UPDATE OR DELETE ON vouchers_erasure
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
ALTER TABLE vouchers_erasure ENABLE ALWAYS TRIGGER erasure_append_only;
CREATE TRIGGER erasure_no_truncate BEFORE TRUNCATE ON vouchers_erasure
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE vouchers_erasure ENABLE ALWAYS TRIGGER erasure_no_truncate;

-- Each change of a voucher needs its event, else the commit fails.
ALTER TABLE vouchers ADD CONSTRAINT voucher_has_event_of_its_step
    FOREIGN KEY (id, seq) REFERENCES voucher_event (voucher_id, seq)
    DEFERRABLE INITIALLY DEFERRED;

-- Free space on each page, so that updates stay on it (HOT).
ALTER TABLE vouchers SET (fillfactor = 80);
ALTER TABLE voucher_limit_counter SET (fillfactor = 70);
ALTER TABLE voucher_guess_counter SET (fillfactor = 70);
