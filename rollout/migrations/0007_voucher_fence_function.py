from __future__ import annotations

from django.db import migrations

# The decision of `rollout.policy.effective_flag` for vouchers, and the lock of the fence
# in `rollout.flags.fence`. `vouchers` declares the function: the rollout replaces it.
# The lock comes first, so that the flag is read after it is held.
FUNCTION = """
CREATE OR REPLACE FUNCTION voucher_feature_on(p_subject text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    flag rollout_agentflag;
    is_limited boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7305247035935883265);
    SELECT * INTO flag FROM rollout_agentflag WHERE name = 'FEATURE_AGENT_VOUCHERS';
    IF NOT FOUND OR flag.everyone IS NOT NULL THEN
        RETURN coalesce(flag.everyone, false);
    END IF;
    is_limited := coalesce(flag.percent, 0) > 0 OR EXISTS (
        SELECT FROM rollout_agentflag_cohorts AS link WHERE link.agentflag_id = flag.id);
    IF p_subject IS NULL THEN
        RETURN is_limited;
    END IF;
    -- Only the process can tell a probe, by a key that the database does not have.
    RETURN (is_limited AND p_subject = current_setting('easymo.probe', true))
        OR EXISTS (
            SELECT FROM rollout_agentflag_cohorts AS link
            JOIN rollout_cohortmember AS member ON member.cohort_id = link.cohort_id
            WHERE link.agentflag_id = flag.id AND member.subject = p_subject)
        OR coalesce(flag.percent, 0) * 100 > ('x' || encode(substr(sha256(convert_to(
            flag.salt || ':' || flag.name || ':' || p_subject, 'UTF8')), 1, 7),
            'hex'))::bit(56)::bigint % 10000;
END $$;
"""
BACK = """
CREATE OR REPLACE FUNCTION voucher_feature_on(p_subject text) RETURNS boolean
LANGUAGE sql AS $$ SELECT false $$;
"""


class Migration(migrations.Migration):
    """Let the functions that change vouchers ask the flag and take the fence."""

    dependencies = [("rollout", "0006_checklist")]
    operations = [migrations.RunSQL(FUNCTION, BACK)]
