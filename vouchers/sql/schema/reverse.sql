-- Take back a redemption that was made by mistake. The voucher is issued again. Its event
-- names the redemption, and the table allows one reversal of each.

-- Return how long after a redemption a caller may take it back; null: never.
CREATE OR REPLACE FUNCTION voucher_reversal_period(p_role text)
RETURNS interval LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN NOT voucher_may('reverse', p_role) THEN NULL
                WHEN p_role = 'station' THEN interval '15 minutes'
                ELSE interval '24 hours' END
$$;

-- Return why the account cannot decide a request; null when it can.
CREATE OR REPLACE FUNCTION reversal_bar(p_account bigint, q voucher_reversal_request)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN q.asked_by_user_id = p_account
            OR is_own_profile(p_account, q.asked_by_profile_id) THEN 'own_reversal'
        WHEN EXISTS (SELECT FROM vouchers x WHERE x.id = q.voucher_id
                        AND is_own_profile(p_account, x.owner_id)) THEN 'own_voucher'
        WHEN gave_authority(p_account, q.asked_by_user_id, q.asked_by_profile_id)
            THEN 'gave_role'
        WHEN gave_authority(q.asked_by_user_id, p_account, NULL)
            OR gave_authority((SELECT p.user_id FROM profiles p
                                WHERE p.id = q.asked_by_profile_id), p_account, NULL)
            THEN 'made_by_requester'
    END
$$;

-- Change the row and write its event. The caller holds the row and has checked it.
CREATE OR REPLACE FUNCTION voucher_take_back(
    p_id bigint, p_redemption voucher_event, p_reason text, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    r voucher_outcome;
    v vouchers;
    v_at timestamptz := voucher_now();
BEGIN
    UPDATE vouchers x
       SET status = 'issued', redeemed_at = NULL, station_id = NULL, seq = x.seq + 1
     WHERE x.id = p_id RETURNING x.* INTO v;
    PERFORM voucher_record(v, 'reversed', 'redeemed', v_at, p_cause,
        p_redemption.station_id, p_reason, p_redemption.id);
    r.outcome := 'reversed';
    r.at := v_at;
    r.voucher := v;
    RETURN r;
END $$;

-- Take back the redemption of one voucher. Above p_most it becomes a request that waits
-- for a second person. A user of the back office may do it while vouchers are off.
CREATE OR REPLACE FUNCTION voucher_reverse(
    p_public_id uuid, p_most bigint, p_reason text, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    v_owner bigint := (SELECT x.owner_id FROM vouchers x WHERE x.public_id = p_public_id);
    is_on boolean := voucher_is_on(v_owner)
        OR (p_cause.actor_kind = 'user' AND p_cause.channel = 'admin');
    r voucher_outcome;
    who voucher_who;
    v vouchers;
    nothing vouchers;
    e voucher_event;
    asked voucher_reversal_request;
BEGIN
    who := voucher_who_is(p_cause.actor_kind, p_cause.actor_id, p_cause.device);
    -- Of concurrent calls, also with the same key, one goes first.
    SELECT * INTO v FROM vouchers x
     WHERE x.public_id = p_public_id AND voucher_is_visible(who, x.owner_id)
       FOR NO KEY UPDATE;
    r := voucher_replay(p_cause);
    IF r.outcome = 'replayed' AND (r.voucher).id IS DISTINCT FROM v.id THEN
        r := NULL;
        r.outcome := 'key_reused';
    END IF;
    IF r.outcome IS NOT NULL THEN
        RETURN r;
    END IF;
    SELECT * INTO asked FROM voucher_reversal_request q WHERE q.key = p_cause.key;
    IF FOUND THEN
        r.outcome := CASE WHEN asked.voucher_id = v.id
                AND asked.fingerprint = p_cause.fingerprint
            THEN 'reversal_requested' ELSE 'key_reused' END;
        r.at := asked.asked_at;
        r.voucher := v;
        RETURN r;
    END IF;
    IF voucher_reversal_period(who.role) IS NULL THEN
        RETURN voucher_refuse('reverse', 'forbidden', NULL, nothing, p_cause);
    END IF;
    SELECT * INTO e FROM voucher_event x WHERE x.voucher_id = v.id AND x.seq = v.seq;
    -- Station staff learn of the redemptions at their station only.
    IF v.id IS NULL OR (who.role = 'station' AND (v.status <> 'redeemed'
            OR e.station_id IS DISTINCT FROM who.station_id)) THEN
        RETURN voucher_refuse('reverse', 'voucher_not_found', NULL, nothing, p_cause);
    END IF;
    IF v.status <> 'redeemed' THEN
        RETURN voucher_refuse('reverse', 'not_redeemed', v.status, v, p_cause);
    END IF;
    IF NOT is_on THEN
        RETURN voucher_is_off();
    END IF;
    IF e.kind <> 'redeemed'
       OR e.created_at < voucher_now() - voucher_reversal_period(who.role) THEN
        RETURN voucher_refuse('reverse', 'too_late', extract(epoch FROM
            voucher_reversal_period(who.role))::integer::text, v, p_cause);
    END IF;
    IF EXISTS (SELECT FROM voucher_reversal_request q
                WHERE q.voucher_id = v.id AND q.decision = 'waiting') THEN
        RETURN voucher_refuse('reverse', 'already_asked', NULL, v, p_cause);
    END IF;
    IF v.amount_minor <= p_most THEN
        RETURN voucher_take_back(v.id, e, p_reason, p_cause);
    END IF;
    INSERT INTO voucher_reversal_request (
        voucher_id, redemption_id, asked_by_kind, asked_by_id, asked_by_profile_id,
        asked_by_user_id, channel, key, fingerprint, reason, asked_at, decision,
        decision_reason)
    VALUES (
        v.id, e.id, p_cause.actor_kind, p_cause.actor_id, who.profile_id, who.user_id,
        p_cause.channel, p_cause.key, p_cause.fingerprint, p_reason, voucher_now(),
        'waiting', '')
    RETURNING asked_at INTO r.at;
    r.outcome := 'reversal_requested';
    r.voucher := v;
    RETURN r;
END $$;

-- Decide a request as a second person. It can be approved while the voucher is still
-- redeemed by the same event, and for three days.
CREATE OR REPLACE FUNCTION voucher_decide_reversal(
    p_request bigint, p_decision text, p_reason text, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    q voucher_reversal_request;
    r voucher_outcome;
    who voucher_who;
    v vouchers;
    e voucher_event;
BEGIN
    SELECT * INTO v FROM vouchers x
     WHERE x.id = (SELECT voucher_id FROM voucher_reversal_request WHERE id = p_request)
       FOR NO KEY UPDATE;
    SELECT * INTO q FROM voucher_reversal_request WHERE id = p_request FOR UPDATE;
    who := voucher_who_is(p_cause.actor_kind, p_cause.actor_id, p_cause.device);
    IF NOT voucher_may('approve', who.role) THEN
        RETURN voucher_refuse('reverse', 'forbidden', NULL, v, p_cause);
    END IF;
    r := voucher_replay(p_cause);
    IF r.outcome IS NOT NULL THEN
        RETURN r;
    END IF;
    IF q.id IS NULL THEN
        RETURN voucher_refuse('reverse', 'voucher_not_found', NULL, v, p_cause);
    END IF;
    IF q.decision <> 'waiting' THEN
        RETURN voucher_refuse('reverse', 'decided', q.decision, v, p_cause);
    END IF;
    IF p_decision = 'approved' THEN
        IF reversal_bar(who.user_id, q) IS NOT NULL THEN
            RETURN voucher_refuse('reverse', 'second_person_needed',
                reversal_bar(who.user_id, q), v, p_cause);
        END IF;
        SELECT * INTO e FROM voucher_event x WHERE x.id = q.redemption_id;
        IF v.status <> 'redeemed' OR v.seq <> e.seq THEN
            RETURN voucher_refuse('reverse', 'not_redeemed', v.status, v, p_cause);
        END IF;
        IF q.asked_at < voucher_now() - interval '3 days' THEN
            RETURN voucher_refuse('reverse', 'too_late', '259200', v, p_cause);
        END IF;
        r := voucher_take_back(v.id, e, p_reason, p_cause);
    ELSE
        r.outcome := 'refused';
        r.at := voucher_now();
        r.voucher := v;
    END IF;
    UPDATE voucher_reversal_request
       SET decision = p_decision, decided_by_id = who.user_id, decided_at = r.at,
           decision_reason = p_reason
     WHERE id = q.id;
    RETURN r;
END $$;

-- A request names a redemption, and is decided once, by a second person.
CREATE OR REPLACE FUNCTION reversal_request_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    fixed voucher_reversal_request;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a request for a reversal is never deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.decision <> 'waiting' OR NOT EXISTS (
            SELECT FROM voucher_event e WHERE e.id = NEW.redemption_id
               AND e.voucher_id = NEW.voucher_id AND e.kind = 'redeemed') THEN
            RAISE EXCEPTION 'a request for a reversal names a redemption'
                USING ERRCODE = 'check_violation',
                      CONSTRAINT = 'reversal_request_names_redemption';
        END IF;
        RETURN NEW;
    END IF;
    fixed := OLD;
    IF OLD.decision = 'waiting' THEN
        fixed.decision := NEW.decision;
        fixed.decided_by_id := NEW.decided_by_id;
        fixed.decided_at := NEW.decided_at;
        fixed.decision_reason := NEW.decision_reason;
    END IF;
    -- Erasure of the person.
    IF NEW.reason = '' THEN
        fixed.reason := '';
    END IF;
    IF NEW.decision_reason = '' THEN
        fixed.decision_reason := '';
    END IF;
    IF NEW IS DISTINCT FROM fixed THEN
        RAISE EXCEPTION 'a request for a reversal is decided once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
    END IF;
    IF NEW.decision = 'approved' AND OLD.decision = 'waiting'
       AND reversal_bar(NEW.decided_by_id, OLD) IS NOT NULL THEN
        RAISE EXCEPTION 'this person cannot approve this reversal'
            USING ERRCODE = 'check_violation',
                  CONSTRAINT = 'reversal_by_second_person';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER reversal_request_guard BEFORE INSERT OR UPDATE OR DELETE
    ON voucher_reversal_request FOR EACH ROW EXECUTE FUNCTION reversal_request_guard();
ALTER TABLE voucher_reversal_request ENABLE ALWAYS TRIGGER reversal_request_guard;
CREATE OR REPLACE TRIGGER reversal_request_no_truncate BEFORE TRUNCATE ON voucher_reversal_request
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_reversal_request ENABLE ALWAYS TRIGGER reversal_request_no_truncate;
