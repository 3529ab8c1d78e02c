-- Seals of events and signed checkpoints: append-only.

-- Return the event that a call wrote under its key, for the seal, and the number of
-- the last checkpoint. VOLATILE: it sees what the same statement wrote before.
CREATE OR REPLACE FUNCTION voucher_written(p_voucher bigint, p_key text)
RETURNS TABLE (event_id bigint, event_hash bytea, checkpoint integer)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN QUERY
    SELECT e.id, e.hash,
           coalesce((SELECT max(c.number) FROM voucher_checkpoint c), 0)
      FROM voucher_event e WHERE e.key = p_key AND e.voucher_id = p_voucher;
END $$;

CREATE TRIGGER voucher_event_seal_append_only
    BEFORE UPDATE OR DELETE ON voucher_event_seal
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_event_seal ENABLE ALWAYS TRIGGER voucher_event_seal_append_only;
CREATE TRIGGER voucher_event_seal_no_truncate BEFORE TRUNCATE ON voucher_event_seal
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_event_seal ENABLE ALWAYS TRIGGER voucher_event_seal_no_truncate;

CREATE TRIGGER voucher_checkpoint_append_only
    BEFORE UPDATE OR DELETE ON voucher_checkpoint
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_checkpoint ENABLE ALWAYS TRIGGER voucher_checkpoint_append_only;
CREATE TRIGGER voucher_checkpoint_no_truncate BEFORE TRUNCATE ON voucher_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE voucher_checkpoint ENABLE ALWAYS TRIGGER voucher_checkpoint_no_truncate;
