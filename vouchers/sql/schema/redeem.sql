-- Redeem one voucher once, at one station. The guarded UPDATE decides, by the clock of
-- the database: of concurrent calls exactly one succeeds. The same call writes the
-- event. When no row matches, voucher_redeem_refusal finds the reason.
CREATE OR REPLACE FUNCTION voucher_redeem(
    p_hmacs bytea[], p_public_id uuid, p_owner bigint, p_station bigint,
    p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    is_on boolean := voucher_is_on(NULL);
    r voucher_outcome := voucher_replay(p_cause);
    who voucher_who;
    v vouchers;
    v_id bigint;
    v_owner bigint;
BEGIN
    IF r.outcome IS NULL THEN
        IF NOT is_on THEN
            RETURN voucher_is_off();
        END IF;
        who := voucher_who_is(p_cause.actor_kind, p_cause.actor_id, p_cause.device);
        IF NOT voucher_may('redeem', who.role) THEN
            RETURN voucher_refuse('redeem', 'forbidden', NULL, v, p_cause);
        END IF;
        IF p_hmacs IS NULL THEN
            SELECT id, owner_id INTO v_id, v_owner
              FROM vouchers WHERE public_id = p_public_id;
        ELSE
            IF voucher_locked_for(who.scopes) IS NOT NULL THEN
                RETURN voucher_refuse('redeem', 'locked',
                    voucher_locked_for(who.scopes)::text, v, p_cause);
            END IF;
            SELECT id, owner_id INTO v_id, v_owner
              FROM vouchers WHERE code_hmac = ANY (p_hmacs);
        END IF;
        is_on := voucher_is_on(v_owner);
        UPDATE vouchers x
           SET status = 'redeemed', redeemed_at = voucher_now(),
               station_id = p_station, seq = x.seq + 1
         WHERE x.id = v_id AND x.owner_id = v_owner AND is_on
           AND (p_hmacs IS NULL OR x.code_hmac = ANY (p_hmacs))
           AND x.status = 'issued'
           AND x.expires_at >= voucher_now()
           AND (p_owner IS NULL OR x.owner_id = p_owner)
           AND (who.role <> 'customer' OR x.owner_id = who.profile_id)
           AND (who.role <> 'station' OR who.station_id = p_station)
           AND voucher_is_visible(who, x.owner_id)
           AND EXISTS (
                SELECT FROM vouchers_station s WHERE s.id = p_station AND s.is_active)
        RETURNING x.* INTO v;
        IF FOUND THEN
            PERFORM voucher_record(
                v, 'redeemed', 'issued', v.redeemed_at, p_cause, p_station, NULL);
            r.outcome := 'redeemed';
            r.at := v.redeemed_at;
            r.voucher := v;
            RETURN r;
        END IF;
        -- A concurrent call with the same key may have succeeded meanwhile.
        r := voucher_replay(p_cause);
    END IF;
    IF r.outcome = 'replayed' AND NOT (
        CASE WHEN p_hmacs IS NULL THEN (r.voucher).public_id = p_public_id
             ELSE (r.voucher).code_hmac = ANY (p_hmacs) END) THEN
        r := NULL;
        r.outcome := 'key_reused';
    END IF;
    IF r.outcome IS NULL THEN
        RETURN voucher_redeem_refusal(
            v_id, p_hmacs IS NOT NULL, p_owner, p_station, is_on, who, p_cause);
    END IF;
    RETURN r;
END $$;

-- Record why no voucher matched. A caller who may not know the reason gets the same
-- answer for an unknown, void, expired or foreign voucher. It counts as a wrong code.
CREATE OR REPLACE FUNCTION voucher_redeem_refusal(
    p_id bigint, p_is_guess boolean, p_owner bigint, p_station bigint,
    p_is_on boolean, who voucher_who, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    v vouchers;
    nothing vouchers;
    may_know boolean;
    is_theirs boolean;
    locked_for integer;
BEGIN
    IF NOT EXISTS (
        SELECT FROM vouchers_station s WHERE s.id = p_station AND s.is_active)
       OR (who.role = 'station' AND who.station_id IS DISTINCT FROM p_station) THEN
        RETURN voucher_refuse('redeem', 'wrong_station', NULL, v, p_cause);
    END IF;
    SELECT * INTO v FROM vouchers x
     WHERE x.id = p_id AND voucher_is_visible(who, x.owner_id);
    is_theirs := v.owner_id = CASE WHEN who.role = 'customer' THEN who.profile_id
                                   ELSE coalesce(p_owner, v.owner_id) END
                 AND v.owner_id = coalesce(p_owner, v.owner_id);
    may_know := who.role IN ('staff', 'user', 'system')
        OR p_cause.may_know
        OR (is_theirs AND (p_owner IS NOT NULL OR who.role = 'customer'))
        OR (who.role = 'station' AND v.status = 'redeemed' AND v.station_id = p_station);
    -- Station staff could redeem it if it were on. Other strangers learn nothing.
    IF who.role = 'station' AND is_theirs AND NOT p_is_on AND v.status = 'issued'
       AND v.expires_at >= voucher_now() THEN
        RETURN voucher_is_off();
    END IF;
    IF v.id IS NULL OR NOT coalesce(may_know, false) THEN
        IF p_is_guess THEN
            locked_for := voucher_count_guess(who.scopes);
            IF locked_for IS NOT NULL THEN
                RETURN voucher_refuse(
                    'redeem', 'locked', locked_for::text, nothing, p_cause);
            END IF;
        END IF;
        -- The audit row does not name the voucher either.
        RETURN voucher_refuse('redeem', 'voucher_not_found', NULL, nothing, p_cause);
    END IF;
    IF NOT is_theirs THEN
        RETURN voucher_refuse('redeem', 'not_owner', NULL, v, p_cause);
    END IF;
    IF v.status = 'expired'
       OR (v.status = 'issued' AND v.expires_at < voucher_now()) THEN
        RETURN voucher_refuse('redeem', 'expired', NULL, v, p_cause);
    END IF;
    -- Only a caller who may know the voucher learns that it is off for its owner.
    IF v.status = 'issued' AND NOT p_is_on THEN
        RETURN voucher_is_off();
    END IF;
    RETURN voucher_refuse('redeem', 'not_issued', v.status, v, p_cause);
END $$;
