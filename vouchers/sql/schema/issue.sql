-- Add an amount to a daily sum; false when the sum would exceed the limit. The upsert
-- locks the counter, so concurrent calls wait for each other.
CREATE OR REPLACE FUNCTION voucher_use_limit(
    p_kind text, p_subject text, p_currency text, p_amount bigint, p_cap bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF p_amount > p_cap THEN
        RETURN false;
    END IF;
    IF p_kind = 'issuer' AND p_subject LIKE 'token:%' THEN
        RETURN voucher_use_slot(p_kind, p_subject, p_currency, p_amount, p_cap);
    END IF;
    INSERT INTO voucher_limit_counter AS c (kind, subject, currency, day, used_minor)
    VALUES (p_kind, p_subject, p_currency,
            (voucher_now() AT TIME ZONE 'Africa/Kigali')::date, p_amount)
    ON CONFLICT (subject, kind, currency, day, slot) DO UPDATE
       SET used_minor = c.used_minor + p_amount
     WHERE c.used_minor + p_amount <= p_cap;
    RETURN FOUND;
END $$;

-- The same for a token, which issues from many clients at once. Its sum is divided among
-- 16 slots. A call adds to a slot with room in its share of the limit. Where no slot has
-- room, or the limit is another one, it locks all slots in order, compares their sum with
-- the limit and divides it equally: no slot has more than its share, so all together never
-- exceed the limit. A slot that is full after waiting for it is released before the next
-- lock: no call waits while it holds a slot out of order, so there is no deadlock.
CREATE OR REPLACE FUNCTION voucher_use_slot(
    p_kind text, p_subject text, p_currency text, p_amount bigint, p_cap bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    slots CONSTANT integer := 16;
    today CONSTANT date := (voucher_now() AT TIME ZONE 'Africa/Kigali')::date;
    chosen smallint;
    total bigint;
BEGIN
    FOR attempt IN 1 .. slots LOOP
        SELECT c.slot INTO chosen FROM voucher_limit_counter c
         WHERE c.subject = p_subject AND c.kind = p_kind AND c.currency = p_currency
           AND c.day = today AND c.cap_minor = p_cap
           AND c.used_minor + p_amount <= p_cap / slots
         ORDER BY random() LIMIT 1;
        EXIT WHEN NOT FOUND;
        BEGIN
            UPDATE voucher_limit_counter c SET used_minor = c.used_minor + p_amount
             WHERE c.subject = p_subject AND c.kind = p_kind AND c.currency = p_currency
               AND c.day = today AND c.slot = chosen AND c.cap_minor = p_cap
               AND c.used_minor + p_amount <= p_cap / slots;
            IF FOUND THEN
                RETURN true;
            END IF;
            RAISE SQLSTATE 'VL001';
        EXCEPTION WHEN SQLSTATE 'VL001' THEN
            NULL;
        END;
    END LOOP;
    INSERT INTO voucher_limit_counter (
        kind, subject, currency, day, slot, cap_minor, used_minor)
    SELECT p_kind, p_subject, p_currency, today, s, p_cap, 0
      FROM generate_series(0, slots - 1) s ORDER BY s
    ON CONFLICT DO NOTHING;
    PERFORM FROM voucher_limit_counter c
      WHERE c.subject = p_subject AND c.kind = p_kind AND c.currency = p_currency
        AND c.day = today ORDER BY c.slot FOR UPDATE;
    SELECT sum(c.used_minor) + p_amount INTO total FROM voucher_limit_counter c
     WHERE c.subject = p_subject AND c.kind = p_kind AND c.currency = p_currency
       AND c.day = today;
    IF total > p_cap THEN
        RETURN false;
    END IF;
    UPDATE voucher_limit_counter c
       SET cap_minor = p_cap,
           used_minor = total / slots + (c.slot < total % slots)::integer
     WHERE c.subject = p_subject AND c.kind = p_kind AND c.currency = p_currency
       AND c.day = today;
    RETURN true;
END $$;

-- Issue one voucher, or request it, within the daily limits of issuer and customer.
CREATE OR REPLACE FUNCTION voucher_issue(
    p_owner bigint, p_public_id uuid, p_reference text, p_hmac bytea, p_key_id text,
    p_last4 text, p_sealed bytea, p_amount bigint, p_currency text, p_days integer,
    p_is_pending boolean, p_approval_hours integer, p_issuer_cap bigint,
    p_customer_cap bigint,
    p_note text, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    is_on boolean := voucher_is_on(p_owner);
    r voucher_outcome := voucher_replay(p_cause);
    who voucher_who;
    v vouchers;
    v_at timestamptz;
    exceeded text;
BEGIN
    IF r.outcome IS NOT NULL THEN
        RETURN r;
    END IF;
    IF NOT is_on THEN
        RETURN voucher_is_off();
    END IF;
    who := voucher_who_is(p_cause.actor_kind, p_cause.actor_id, p_cause.device);
    IF NOT voucher_may('issue', who.role) THEN
        RETURN voucher_refuse('issue', 'forbidden', NULL, v, p_cause);
    END IF;
    -- Wait while the customer is erased; an erasure waits for this transaction.
    PERFORM FROM profiles p
      WHERE p.id = p_owner AND p.is_active AND (p.is_sandbox OR NOT who.is_sandbox)
        FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN voucher_refuse('issue', 'customer_not_found', NULL, v, p_cause);
    END IF;
    -- A refusal undoes what the other limit took, and releases it.
    BEGIN
        IF who.role <> 'system' AND NOT voucher_use_limit(
            'issuer', who.person, p_currency, p_amount, p_issuer_cap) THEN
            exceeded := 'issuer_daily';
        ELSIF who.role = 'user' AND who.profile_id IS NOT NULL AND NOT voucher_use_limit(
            'issuer', 'user:' || p_cause.actor_id, p_currency, p_amount, p_issuer_cap) THEN
            exceeded := 'issuer_daily';
        ELSIF NOT voucher_use_limit(
            'customer', 'profile:' || p_owner, p_currency, p_amount, p_customer_cap) THEN
            exceeded := 'customer_daily';
        END IF;
        IF exceeded IS NOT NULL THEN
            RAISE SQLSTATE 'VL002';
        END IF;
    EXCEPTION WHEN SQLSTATE 'VL002' THEN
        RETURN voucher_refuse('issue', 'limit_exceeded', exceeded, v, p_cause);
    END;
    v_at := voucher_now();
    INSERT INTO vouchers (
        public_id, reference, code_hmac, code_key_id, code_last4, owner_id,
        amount_minor, currency, created_by_kind, created_by_id, created_by_profile_id,
        created_by_user_id, status, seq, created_at, issued_at, expires_at)
    VALUES (
        p_public_id, p_reference, p_hmac, p_key_id, p_last4, p_owner, p_amount,
        p_currency, p_cause.actor_kind, p_cause.actor_id, who.profile_id, who.user_id,
        CASE WHEN p_is_pending THEN 'pending_approval' ELSE 'issued' END, 1, v_at,
        CASE WHEN p_is_pending THEN NULL ELSE v_at END,
        voucher_last_moment(v_at, p_days))
    RETURNING * INTO v;
    PERFORM voucher_record(
        v, CASE WHEN p_is_pending THEN 'requested' ELSE 'issued' END, NULL, v_at,
        p_cause, NULL, p_note);
    IF p_is_pending THEN
        INSERT INTO voucher_approval_request (voucher_id, ends_at)
        VALUES (v.id, v_at + make_interval(hours => p_approval_hours));
    END IF;
    IF p_sealed IS NOT NULL THEN
        INSERT INTO voucher_envelope (voucher_id, sealed, expires_at)
        VALUES (v.id, p_sealed, v_at + voucher_code_period());
    END IF;
    r.outcome := 'issued';
    r.at := v_at;
    r.voucher := v;
    RETURN r;
END $$;
