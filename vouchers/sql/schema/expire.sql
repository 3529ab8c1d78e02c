-- Expire those of these vouchers that are issued and whose time is over, by the clock of
-- the database. `locked` counts those that another operation holds: they are left out.
CREATE OR REPLACE FUNCTION voucher_expire(
    p_ids bigint[], p_correlation_id uuid, OUT ended integer, OUT locked integer
) LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
    v vouchers;
    v_at timestamptz;
BEGIN
    ended := 0;
    locked := 0;
    FOREACH v_id IN ARRAY p_ids
    LOOP
        PERFORM FROM vouchers x WHERE x.id = v_id FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            locked := locked + 1;
            CONTINUE;
        END IF;
        v_at := voucher_now();
        UPDATE vouchers x SET status = 'expired', seq = x.seq + 1
         WHERE x.id = v_id AND x.status = 'issued' AND x.expires_at < v_at
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
END $$;
