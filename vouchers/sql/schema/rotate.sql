-- Replace the code of an issued voucher. The old code is no longer valid.
CREATE OR REPLACE FUNCTION voucher_rotate(
    p_id bigint, p_hmac bytea, p_key_id text, p_last4 text, p_sealed bytea,
    p_reason text, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    v_owner bigint := (SELECT x.owner_id FROM vouchers x WHERE x.id = p_id);
    is_on boolean := voucher_is_on(v_owner);
    r voucher_outcome := voucher_replay(p_cause);
    who voucher_who;
    v vouchers;
    v_at timestamptz := voucher_now();
BEGIN
    IF r.outcome IS NULL THEN
        who := voucher_who_is(p_cause.actor_kind, p_cause.actor_id, p_cause.device);
        IF NOT voucher_may('rotate', who.role) THEN
            RETURN voucher_refuse('rotate', 'forbidden', NULL, v, p_cause);
        END IF;
        UPDATE vouchers x
           SET code_hmac = p_hmac, code_key_id = p_key_id, code_last4 = p_last4,
               seq = x.seq + 1
         WHERE x.id = p_id AND x.status = 'issued' AND x.owner_id = v_owner AND is_on
           AND x.expires_at >= voucher_now()
           AND voucher_is_visible(who, x.owner_id)
        RETURNING x.* INTO v;
        IF FOUND THEN
            PERFORM voucher_record(
                v, 'code_rotated', 'issued', v_at, p_cause, NULL, p_reason);
            INSERT INTO voucher_envelope (voucher_id, sealed, expires_at)
            VALUES (v.id, p_sealed, v_at + voucher_code_period())
            ON CONFLICT (voucher_id) DO UPDATE
               SET sealed = excluded.sealed, expires_at = excluded.expires_at;
            r.outcome := 'rotated';
            r.at := v_at;
            r.voucher := v;
            RETURN r;
        END IF;
        r := voucher_replay(p_cause);
    END IF;
    IF r.outcome = 'replayed' AND (r.voucher).id <> p_id THEN
        r := NULL;
        r.outcome := 'key_reused';
    END IF;
    IF r.outcome IS NOT NULL THEN
        RETURN r;
    END IF;
    SELECT * INTO v FROM vouchers x
     WHERE x.id = p_id AND voucher_is_visible(who, x.owner_id);
    IF v.status = 'issued' AND NOT is_on THEN
        RETURN voucher_is_off();
    END IF;
    RETURN voucher_refuse('rotate', CASE
        WHEN v.id IS NULL THEN 'voucher_not_found'
        WHEN v.status IN ('expired', 'issued') THEN 'expired'
        ELSE 'not_issued' END, v.status, v, p_cause);
END $$;
