-- Approve or decline a request. An approval stores the code, its envelope and the
-- "issued" event. A decline voids the request. After its time a request can no longer be
-- approved; voucher_expire_requests ends it.
CREATE OR REPLACE FUNCTION voucher_decide(
    p_id bigint, p_decision text, p_hmac bytea, p_key_id text, p_last4 text,
    p_sealed bytea, p_days integer, p_reason text, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    is_approved boolean := p_decision = 'approved';
    v_owner bigint := (SELECT x.owner_id FROM vouchers x WHERE x.id = p_id);
    is_on boolean := NOT is_approved OR voucher_is_on(v_owner);
    r voucher_outcome := voucher_replay(p_cause);
    who voucher_who;
    v vouchers;
    v_at timestamptz := voucher_now();
BEGIN
    IF r.outcome IS NOT NULL THEN
        RETURN r;
    END IF;
    who := voucher_who_is(p_cause.actor_kind, p_cause.actor_id, p_cause.device);
    IF NOT voucher_may('approve', who.role) THEN
        RETURN voucher_refuse('approve', 'forbidden', NULL, v, p_cause);
    END IF;
    UPDATE vouchers x
       SET seq = x.seq + 1,
           status = CASE WHEN is_approved THEN 'issued' ELSE 'void' END,
           issued_at = CASE WHEN is_approved THEN v_at END,
           voided_at = CASE WHEN is_approved THEN NULL ELSE v_at END,
           expires_at = CASE WHEN is_approved THEN voucher_last_moment(v_at, p_days)
                             ELSE x.expires_at END,
           code_hmac = p_hmac, code_key_id = p_key_id, code_last4 = p_last4
     WHERE x.id = p_id AND x.status = 'pending_approval' AND is_on
       AND (NOT is_approved OR (
            approval_bar(who.user_id, x) IS NULL AND request_is_open(x.id)
            AND EXISTS (SELECT FROM profiles o WHERE o.id = x.owner_id AND o.is_active)))
    RETURNING x.* INTO v;
    IF FOUND THEN
        INSERT INTO voucher_approval (voucher_id, decision, approver_id, created_at)
        VALUES (v.id, p_decision, who.user_id, v_at);
        PERFORM voucher_record(
            v, CASE WHEN is_approved THEN 'issued' ELSE 'declined' END,
            'pending_approval', v_at, p_cause, NULL, p_reason);
        IF is_approved THEN
            INSERT INTO voucher_envelope (voucher_id, sealed, expires_at)
            VALUES (v.id, p_sealed, v_at + voucher_code_period());
        END IF;
        UPDATE voucher_approval_request q SET ended_at = v_at WHERE q.voucher_id = v.id;
        r.outcome := p_decision;
        r.at := v_at;
        r.voucher := v;
        RETURN r;
    END IF;
    r := voucher_replay(p_cause);
    IF r.outcome IS NOT NULL THEN
        RETURN r;
    END IF;
    SELECT * INTO v FROM vouchers WHERE id = p_id;
    IF v.status = 'pending_approval' AND NOT is_on THEN
        RETURN voucher_is_off();
    END IF;
    RETURN voucher_refuse('approve', CASE
        WHEN v.id IS NULL THEN 'voucher_not_found'
        WHEN v.status <> 'pending_approval' THEN 'not_pending'
        WHEN NOT EXISTS (SELECT FROM profiles o WHERE o.id = v.owner_id AND o.is_active)
        THEN 'customer_not_found'
        WHEN NOT request_is_open(v.id) THEN 'approval_expired'
        ELSE 'second_person_needed' END, CASE v.status
        WHEN 'pending_approval' THEN approval_bar(who.user_id, v)
        ELSE v.status END, v, p_cause);
END $$;

-- Tell whether the time in which a request can be approved still runs.
CREATE OR REPLACE FUNCTION request_is_open(p_voucher bigint)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM voucher_approval_request q
        WHERE q.voucher_id = p_voucher AND q.ends_at > voucher_now());
END $$;

-- End those of these requests whose time is over; return how many. A request that another
-- operation holds is left out: it is being decided.
CREATE OR REPLACE FUNCTION voucher_expire_requests(p_ids bigint[], p_correlation_id uuid)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
    v vouchers;
    v_at timestamptz;
    ended integer := 0;
BEGIN
    FOREACH v_id IN ARRAY p_ids
    LOOP
        PERFORM FROM vouchers x WHERE x.id = v_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        v_at := voucher_now();
        UPDATE vouchers x SET status = 'void', voided_at = v_at, seq = x.seq + 1
         WHERE x.id = v_id AND x.status = 'pending_approval' AND NOT request_is_open(v_id)
        RETURNING x.* INTO v;
        IF FOUND THEN
            UPDATE voucher_approval_request q SET ended_at = v_at
             WHERE q.voucher_id = v_id;
            PERFORM voucher_record(
                v, 'declined', 'pending_approval', v_at,
                ROW('system', 'approval', 'system', NULL, false, p_correlation_id,
                    'expire-request:' || v.public_id,
                    sha256(convert_to('expire-request', 'UTF8')))::voucher_cause,
                NULL, 'expired');
            ended := ended + 1;
        END IF;
    END LOOP;
    RETURN ended;
END $$;
