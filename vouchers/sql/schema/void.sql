-- Void one issued voucher, with a reason. A user of the back office may void while
-- vouchers are off.
CREATE OR REPLACE FUNCTION voucher_void(
    p_public_id uuid, p_reference text, p_reason text, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    v_owner bigint := (
        SELECT x.owner_id FROM vouchers x
         WHERE x.public_id = p_public_id OR x.reference = p_reference);
    is_on boolean := voucher_is_on(v_owner)
        OR (p_cause.actor_kind = 'user' AND p_cause.channel = 'admin');
    r voucher_outcome := voucher_replay(p_cause);
    who voucher_who;
    v vouchers;
BEGIN
    IF r.outcome IS NULL THEN
        who := voucher_who_is(p_cause.actor_kind, p_cause.actor_id, p_cause.device);
        IF NOT voucher_may('void', who.role) THEN
            RETURN voucher_refuse('void', 'forbidden', NULL, v, p_cause);
        END IF;
        UPDATE vouchers x
           SET status = 'void', voided_at = voucher_now(), seq = x.seq + 1
         WHERE (x.public_id = p_public_id OR x.reference = p_reference)
           AND x.status = 'issued' AND x.owner_id = v_owner AND is_on
           AND voucher_is_visible(who, x.owner_id)
        RETURNING x.* INTO v;
        IF FOUND THEN
            PERFORM voucher_record(
                v, 'voided', 'issued', v.voided_at, p_cause, NULL, p_reason);
            r.outcome := 'void';
            r.at := v.voided_at;
            r.voucher := v;
            RETURN r;
        END IF;
        r := voucher_replay(p_cause);
    END IF;
    IF r.outcome = 'replayed' AND (r.voucher).public_id IS DISTINCT FROM p_public_id
       AND (r.voucher).reference IS DISTINCT FROM p_reference THEN
        r := NULL;
        r.outcome := 'key_reused';
    END IF;
    IF r.outcome IS NOT NULL THEN
        RETURN r;
    END IF;
    SELECT * INTO v FROM vouchers x
     WHERE (x.public_id = p_public_id OR x.reference = p_reference)
       AND voucher_is_visible(who, x.owner_id);
    IF v.id IS NULL THEN
        RETURN voucher_refuse('void', 'voucher_not_found', NULL, v, p_cause);
    END IF;
    IF v.status = 'issued' AND NOT is_on THEN
        RETURN voucher_is_off();
    END IF;
    RETURN voucher_refuse('void', 'not_issued', v.status, v, p_cause);
END $$;
