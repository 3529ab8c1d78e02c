-- A batch of a campaign is issued within the budget and the days, and not after the stop.

-- Return why nothing may be issued for a campaign now; null when it may.
CREATE OR REPLACE FUNCTION campaign_bar(c voucher_campaign) RETURNS text
LANGUAGE sql VOLATILE AS $$
    SELECT CASE
        WHEN c.stopped_at IS NOT NULL THEN 'campaign_is_stopped'
        WHEN (voucher_now() AT TIME ZONE 'Africa/Kigali')::date
            NOT BETWEEN c.first_day AND c.last_day THEN 'campaign_is_not_running'
    END
$$;

-- What the batches of a campaign take of its budget: all of a batch that is being issued,
-- and what was issued of one that has ended.
CREATE OR REPLACE FUNCTION campaign_used(p_campaign bigint) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(sum(CASE state WHEN 'issuing' THEN total_minor
                                   ELSE issued_minor END), 0)::bigint
      FROM voucher_batch WHERE campaign_id = p_campaign AND state IN ('issuing', 'done')
$$;

CREATE OR REPLACE FUNCTION batch_campaign() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    c voucher_campaign;
    bar text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.campaign_id IS DISTINCT FROM OLD.campaign_id THEN
        RAISE EXCEPTION 'the campaign of a batch cannot change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_campaign_is_fixed';
    END IF;
    IF NEW.campaign_id IS NULL THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'issuing' AND (TG_OP = 'INSERT' OR OLD.state <> 'issuing') THEN
        -- Of two batches that begin at once, the second sees the first.
        SELECT * INTO c FROM voucher_campaign x WHERE x.id = NEW.campaign_id FOR UPDATE;
        bar := campaign_bar(c);
        IF bar IS NULL AND c.currency <> NEW.currency THEN
            bar := 'campaign_currency';
        END IF;
        IF bar IS NULL AND campaign_used(c.id) + NEW.total_minor > c.budget_minor THEN
            bar := 'campaign_budget';
        END IF;
    ELSIF TG_OP = 'UPDATE' AND NEW.issued > OLD.issued THEN
        -- A stop waits for the part that is being issued; the next one sees the stop.
        SELECT * INTO c FROM voucher_campaign x WHERE x.id = NEW.campaign_id FOR SHARE;
        bar := campaign_bar(c);
    END IF;
    IF bar IS NOT NULL THEN
        RAISE EXCEPTION 'the campaign does not allow this batch'
            USING ERRCODE = 'check_violation', CONSTRAINT = bar;
    END IF;
    RETURN NEW;
END $$;

-- A campaign is stopped once; nothing else of it changes.
CREATE OR REPLACE FUNCTION campaign_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    fixed voucher_campaign := OLD;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.stopped_at IS NULL THEN
        fixed.stopped_at := NEW.stopped_at;
        fixed.stopped_by_id := NEW.stopped_by_id;
        fixed.stop_reason := NEW.stop_reason;
    END IF;
    IF TG_OP = 'DELETE' OR NEW IS DISTINCT FROM fixed THEN
        RAISE EXCEPTION 'a campaign is stopped once and does not change otherwise'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'campaign_is_fixed';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER batch_campaign BEFORE INSERT OR UPDATE ON voucher_batch
    FOR EACH ROW EXECUTE FUNCTION batch_campaign();
ALTER TABLE voucher_batch ENABLE ALWAYS TRIGGER batch_campaign;
CREATE OR REPLACE TRIGGER campaign_guard BEFORE UPDATE OR DELETE ON voucher_campaign
    FOR EACH ROW EXECUTE FUNCTION campaign_guard();
ALTER TABLE voucher_campaign ENABLE ALWAYS TRIGGER campaign_guard;
