-- Give an issued voucher a later last day. In all it may be moved by p_most days from the
-- day that it was issued with.
CREATE OR REPLACE FUNCTION voucher_extend(
    p_public_id uuid, p_last_day date, p_most integer, p_reason text,
    p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    v_owner bigint := (SELECT x.owner_id FROM vouchers x WHERE x.public_id = p_public_id);
    is_on boolean := voucher_is_on(v_owner);
    r voucher_outcome;
    who voucher_who;
    v vouchers;
    nothing vouchers;
    v_at timestamptz;
    v_latest timestamptz;
    v_end timestamptz := ((p_last_day + 1)::timestamp - interval '1 microsecond')
        AT TIME ZONE 'Africa/Kigali';
BEGIN
    who := voucher_who_is(p_cause.actor_kind, p_cause.actor_id, p_cause.device);
    -- The row first, then the clock: a voucher that ends during the wait stays ended.
    SELECT * INTO v FROM vouchers x
     WHERE x.public_id = p_public_id AND voucher_is_visible(who, x.owner_id)
       FOR NO KEY UPDATE;
    v_at := voucher_now();
    r := voucher_replay(p_cause);
    IF r.outcome = 'replayed' AND (r.voucher).id IS DISTINCT FROM v.id THEN
        r := NULL;
        r.outcome := 'key_reused';
    END IF;
    IF r.outcome IS NOT NULL THEN
        RETURN r;
    END IF;
    IF NOT voucher_may('extend', who.role) THEN
        RETURN voucher_refuse('extend', 'forbidden', NULL, nothing, p_cause);
    END IF;
    IF v.id IS NULL THEN
        RETURN voucher_refuse('extend', 'voucher_not_found', NULL, v, p_cause);
    END IF;
    IF is_own_profile(who.user_id, v.owner_id) THEN
        RETURN voucher_refuse(
            'extend', 'second_person_needed', 'own_extension', v, p_cause);
    END IF;
    IF v.status = 'expired' OR (v.status = 'issued' AND v.expires_at < v_at) THEN
        RETURN voucher_refuse('extend', 'expired', v.status, v, p_cause);
    END IF;
    -- The fence was asked for the owner before the wait.
    IF v.status <> 'issued' OR v.owner_id <> v_owner THEN
        RETURN voucher_refuse('extend', 'not_issued', v.status, v, p_cause);
    END IF;
    IF NOT is_on THEN
        RETURN voucher_is_off();
    END IF;
    SELECT voucher_last_moment(min(e.expires_at), p_most) INTO v_latest
      FROM voucher_event e WHERE e.voucher_id = v.id AND e.kind = 'issued';
    IF v_end <= v.expires_at OR v_end > v_latest THEN
        RETURN voucher_refuse('extend', 'wrong_last_day',
            (v_latest AT TIME ZONE 'Africa/Kigali')::date::text, v, p_cause);
    END IF;
    UPDATE vouchers x SET expires_at = v_end, seq = x.seq + 1
     WHERE x.id = v.id RETURNING x.* INTO v;
    PERFORM voucher_record(v, 'extended', 'issued', v_at, p_cause, NULL, p_reason);
    r.outcome := 'extended';
    r.at := v_at;
    r.voucher := v;
    RETURN r;
END $$;
