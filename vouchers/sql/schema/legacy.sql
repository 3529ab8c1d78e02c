-- Vouchers of the earlier system, with the events of their past.

-- Store vouchers of the earlier system, once each. A voucher begins as issued at its
-- time; a second event says what became of it. Both events say the channel "import",
-- so no person is notified. It works while vouchers are switched off: no value is
-- made or spent by it that was not there before.
CREATE OR REPLACE FUNCTION voucher_import(p_rows jsonb, p_correlation_id uuid)
RETURNS TABLE (
    event_id bigint, voucher_id bigint, event_hash bytea, checkpoint integer
) LANGUAGE plpgsql AS $$
DECLARE
    t record;
    v vouchers;
    cause voucher_cause;
    v_now timestamptz := voucher_now();
BEGIN
    FOR t IN
        SELECT * FROM jsonb_to_recordset(p_rows) AS x (
            place integer, legacy_id text, fingerprint text, public_id uuid,
            reference text, hmac text, key_id text, last4 text, owner bigint,
            amount bigint, currency text, status text, issued_at timestamptz,
            expires_at timestamptz, ended_at timestamptz, station bigint,
            note text, reason text)
         ORDER BY place
    LOOP
        IF t.status IN ('issued', 'redeemed', 'void', 'expired') IS NOT TRUE
           OR (t.status = 'issued') <> (t.ended_at IS NULL)
           OR t.issued_at > v_now OR t.ended_at > v_now
           OR (t.status = 'issued' AND voucher_last_moment(t.expires_at, 0) < v_now)
        THEN
            RAISE EXCEPTION 'an imported voucher has a known status and a past'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'import_of_the_past';
        END IF;
        -- Wait while the customer is erased; an erasure waits for this transaction.
        PERFORM FROM profiles p
          WHERE p.id = t.owner AND p.erased_at IS NULL AND NOT p.is_sandbox
            FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'an imported voucher needs an owner'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'import_has_owner';
        END IF;
        cause := ROW('system', 'import_legacy', 'import', NULL, false,
            p_correlation_id, 'import:' || t.legacy_id,
            decode(t.fingerprint, 'hex'))::voucher_cause;
        INSERT INTO vouchers (
            public_id, reference, code_hmac, code_key_id, code_last4, owner_id,
            amount_minor, currency, created_by_kind, created_by_id, status, seq,
            created_at, issued_at, expires_at)
        VALUES (
            t.public_id, t.reference, decode(t.hmac, 'hex'), t.key_id, t.last4, t.owner,
            t.amount, t.currency, 'system', 'import_legacy', 'issued', 1, t.issued_at,
            t.issued_at, voucher_last_moment(t.expires_at, 0))
        RETURNING * INTO v;
        PERFORM voucher_record(v, 'issued', NULL, t.issued_at, cause, NULL, t.note);
        IF t.status <> 'issued' THEN
            UPDATE vouchers x
               SET status = t.status, seq = 2, station_id = t.station,
                   redeemed_at = CASE WHEN t.status = 'redeemed' THEN t.ended_at END,
                   voided_at = CASE WHEN t.status = 'void' THEN t.ended_at END
             WHERE x.id = v.id
            RETURNING x.* INTO v;
            cause.key := cause.key || ':end';
            PERFORM voucher_record(
                v, CASE t.status WHEN 'void' THEN 'voided' ELSE t.status END, 'issued',
                t.ended_at, cause, t.station, t.reason);
        END IF;
        INSERT INTO legacy_record (kind, legacy_id, fingerprint, voucher_id, imported_at)
        VALUES ('voucher', t.legacy_id, decode(t.fingerprint, 'hex'), v.id, v_now);
        RETURN QUERY
        SELECT e.id, e.voucher_id, e.hash,
               coalesce((SELECT max(c.number) FROM voucher_checkpoint c), 0)
          FROM voucher_event e WHERE e.voucher_id = v.id ORDER BY e.seq;
    END LOOP;
END $$;

CREATE TRIGGER legacy_record_append_only BEFORE UPDATE OR DELETE ON legacy_record
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
ALTER TABLE legacy_record ENABLE ALWAYS TRIGGER legacy_record_append_only;
CREATE TRIGGER legacy_record_no_truncate BEFORE TRUNCATE ON legacy_record
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE legacy_record ENABLE ALWAYS TRIGGER legacy_record_no_truncate;
