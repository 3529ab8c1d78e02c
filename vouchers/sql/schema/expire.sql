-- Expire issued vouchers whose time is over, by the clock of the database, the oldest
-- first. Rows that a concurrent operation has locked are skipped.
CREATE OR REPLACE FUNCTION voucher_expire(
    p_since timestamptz, p_limit integer, p_correlation_id uuid
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    due record;
    v vouchers;
    v_at timestamptz;
    ended integer := 0;
BEGIN
    FOR due IN
        SELECT id FROM vouchers
         WHERE expires_at < voucher_now() AND expires_at > p_since
           AND status = 'issued'
         ORDER BY expires_at LIMIT p_limit
           FOR UPDATE SKIP LOCKED
    LOOP
        v_at := voucher_now();
        UPDATE vouchers x SET status = 'expired', seq = x.seq + 1
         WHERE x.id = due.id AND x.status = 'issued' AND x.expires_at < v_at
        RETURNING x.* INTO v;
        IF FOUND THEN
            PERFORM voucher_record(
                v, 'expired', 'issued', v_at,
                ROW('system', 'expiry', 'system', NULL, false, p_correlation_id,
                    'expire:' || v.public_id,
                    sha256(convert_to('expire', 'UTF8')))::voucher_cause,
                NULL, NULL);
            ended := ended + 1;
        END IF;
    END LOOP;
    RETURN ended;
END $$;
