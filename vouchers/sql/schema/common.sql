-- Types and functions that all operations use.

-- The clock of all operations. Tests replace this function.
CREATE OR REPLACE FUNCTION voucher_now() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$ SELECT clock_timestamp() $$;

-- The end of a voucher's last day in Kigali, the day that customers are shown.
CREATE OR REPLACE FUNCTION voucher_last_moment(p_at timestamptz, p_days integer)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT (((p_at AT TIME ZONE 'Africa/Kigali')::date + p_days + 1)::timestamp
            - interval '1 microsecond') AT TIME ZONE 'Africa/Kigali'
$$;

-- How long the code of a new voucher can be told again.
CREATE OR REPLACE FUNCTION voucher_code_period() RETURNS interval
LANGUAGE sql IMMUTABLE AS $$ SELECT interval '24 hours' $$;

-- The caller, the channel and the idempotency key of an operation.
CREATE TYPE voucher_cause AS (
    actor_kind text, actor_id text, channel text, device text, may_know boolean,
    correlation_id uuid, key text, fingerprint bytea
);

-- The caller as the database knows it. "person" is the same for a profile and for the
-- login that belongs to it. "scopes" are the keys of the wrong-code counters.
CREATE TYPE voucher_who AS (
    role text, person text, profile_id bigint, user_id bigint, station_id bigint,
    is_sandbox boolean, scopes text[]
);

-- "outcome" is the success word of the operation, 'replayed', or the refusal's code.
CREATE TYPE voucher_outcome AS (
    outcome text, detail text, at timestamptz, voucher vouchers
);

-- The roles that may do an operation. It agrees with vouchers/authority.py.
CREATE OR REPLACE FUNCTION voucher_may(p_operation text, p_role text)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_role = ANY (CASE p_operation
        WHEN 'issue' THEN ARRAY['staff', 'user', 'token', 'system']
        WHEN 'redeem' THEN
            ARRAY['customer', 'station', 'staff', 'user', 'token', 'system']
        WHEN 'void' THEN ARRAY['staff', 'support', 'user', 'token', 'system']
        WHEN 'rotate' THEN ARRAY['staff', 'support', 'user', 'system']
        WHEN 'reverse' THEN ARRAY['station', 'user']
        WHEN 'extend' THEN ARRAY['user']
        WHEN 'approve' THEN ARRAY['user']
        ELSE ARRAY[]::text[] END)
$$;

-- A sandbox person sees vouchers of sandbox people only.
CREATE OR REPLACE FUNCTION voucher_is_visible(who voucher_who, p_owner bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT who.is_sandbox OR EXISTS (
        SELECT FROM profiles o WHERE o.id = p_owner AND o.is_sandbox)
$$;

-- Look up the caller. An inactive or unknown person has the role 'unknown'.
CREATE OR REPLACE FUNCTION voucher_who_is(p_kind text, p_id text, p_device text)
RETURNS voucher_who LANGUAGE plpgsql STABLE AS $$
DECLARE
    who voucher_who;
BEGIN
    IF p_kind = 'profile' THEN
        SELECT p.role, p.id, p.user_id, p.station_id, p.is_sandbox
          INTO who.role, who.profile_id, who.user_id, who.station_id, who.is_sandbox
          FROM profiles p WHERE p.id = p_id::bigint AND p.is_active;
    ELSIF p_kind = 'user' THEN
        SELECT 'user', p.id, u.id, NULL, false
          INTO who.role, who.profile_id, who.user_id, who.station_id, who.is_sandbox
          FROM auth_user u LEFT JOIN LATERAL (
            SELECT min(o.id) AS id FROM profiles o WHERE o.user_id = u.id) p ON true
         WHERE u.id = p_id::bigint AND u.is_active;
    ELSE
        who.role := p_kind;
        who.is_sandbox := false;
    END IF;
    who.role := coalesce(who.role, 'unknown');
    who.person := CASE WHEN who.profile_id IS NOT NULL
        THEN 'profile:' || who.profile_id ELSE p_kind || ':' || p_id END;
    who.scopes := ARRAY[who.person, 'unknown:' || who.person];
    IF p_kind = 'user' AND who.profile_id IS NOT NULL THEN
        -- An account that is linked to another person keeps what it has used up.
        who.scopes := who.scopes || ARRAY['user:' || p_id, 'unknown:user:' || p_id];
    END IF;
    IF who.role = 'station' THEN
        who.scopes := who.scopes || ('station:' || who.station_id);
    END IF;
    IF p_device IS NOT NULL THEN
        who.scopes := who.scopes || ('device:' || p_device);
    END IF;
    RETURN who;
END $$;

-- Write the event of a change. The event holds a salted hash of the reason.
CREATE OR REPLACE FUNCTION voucher_record(
    v vouchers, p_kind text, p_old text, p_at timestamptz, p_cause voucher_cause,
    p_station bigint, p_reason text, p_reverses bigint DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    salt bytea;
    event_id bigint;
BEGIN
    IF p_reason IS NOT NULL THEN
        salt := uuid_send(gen_random_uuid());
    END IF;
    INSERT INTO voucher_event (
        voucher_id, seq, kind, old_status, new_status, amount_minor, currency,
        owner_id, expires_at, code_commit, actor_kind, actor_id, channel, station_id,
        key, fingerprint, correlation_id, reverses_id, note_commit, created_at)
    VALUES (
        v.id, v.seq, p_kind, p_old, v.status, v.amount_minor, v.currency,
        v.owner_id, v.expires_at, sha256(v.code_hmac), p_cause.actor_kind,
        p_cause.actor_id, p_cause.channel, p_station,
        p_cause.key, p_cause.fingerprint, p_cause.correlation_id, p_reverses,
        sha256(salt || convert_to(p_reason, 'UTF8')), p_at)
    RETURNING id INTO event_id;
    IF p_reason IS NOT NULL THEN
        INSERT INTO voucher_note (event_id, salt, text)
        VALUES (event_id, salt, p_reason);
    END IF;
END $$;

-- Find the earlier use of the key. The outcome is null when there is none, 'replayed'
-- for the same request and 'key_reused' for another one.
CREATE OR REPLACE FUNCTION voucher_replay(p_cause voucher_cause)
RETURNS voucher_outcome LANGUAGE plpgsql STABLE AS $$
DECLARE
    e voucher_event;
    r voucher_outcome;
BEGIN
    SELECT * INTO e FROM voucher_event WHERE key = p_cause.key;
    IF NOT FOUND THEN
        RETURN r;
    END IF;
    IF e.fingerprint <> p_cause.fingerprint THEN
        r.outcome := 'key_reused';
        RETURN r;
    END IF;
    r.voucher := (SELECT v FROM vouchers v WHERE v.id = e.voucher_id);
    r.outcome := 'replayed';
    r.detail := e.new_status;
    r.at := e.created_at;
    RETURN r;
END $$;

-- Write the audit row of a refusal and return its outcome.
CREATE OR REPLACE FUNCTION voucher_refuse(
    p_operation text, p_reason text, p_detail text, v vouchers, p_cause voucher_cause
) RETURNS voucher_outcome LANGUAGE plpgsql AS $$
DECLARE
    r voucher_outcome;
BEGIN
    INSERT INTO voucher_refusal (
        operation, reason, voucher_id, actor_kind, actor_id, channel, correlation_id,
        created_at)
    VALUES (
        p_operation, p_reason, v.id, p_cause.actor_kind, p_cause.actor_id,
        p_cause.channel, p_cause.correlation_id, clock_timestamp());
    r.outcome := p_reason;
    r.detail := p_detail;
    r.voucher := v;
    RETURN r;
END $$;

-- Return the seconds until the last lock of these scopes ends; null without a lock.
CREATE OR REPLACE FUNCTION voucher_locked_for(p_scopes text[])
RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT ceil(extract(epoch FROM max(locked_until) - clock_timestamp()))::integer
      FROM voucher_guess_counter
     WHERE scope = ANY (p_scopes) AND locked_until > clock_timestamp()
$$;

-- Count one wrong code or unknown number. Ten in an hour lock a person or a device,
-- thirty lock a station. The first lock lasts one hour, each further one twice as long, at
-- most 24 hours. A week without a wrong code resets this. The scope 'unknown:…' counts all
-- that a principal asks for and does not exist: twenty in an hour lock it for one hour.
-- Nothing is counted for a scope that is locked: then the seconds of that lock are
-- returned, and the caller must answer as if it had been locked before. So of concurrent
-- calls no more than the limit learn that something does not exist.
CREATE OR REPLACE FUNCTION voucher_count_guess(p_scopes text[])
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    counted text[];
BEGIN
    WITH done AS (
        INSERT INTO voucher_guess_counter AS g (
            scope, failures, window_started_at, level, last_failed_at)
        SELECT s, 1, now.at, 0, now.at
          FROM unnest(p_scopes) s, (SELECT clock_timestamp() AS at) now
         ORDER BY s
        ON CONFLICT (scope) DO UPDATE SET (
            failures, window_started_at, level, locked_until, last_failed_at) = (
            SELECT CASE WHEN n.locks THEN 0 ELSE n.failures END,
                   CASE WHEN n.fresh OR n.locks THEN excluded.last_failed_at
                        ELSE g.window_started_at END,
                   CASE WHEN n.locks AND NOT n.is_unknown THEN n.level + 1
                        ELSE n.level END,
                   CASE WHEN n.locks THEN excluded.last_failed_at
                        + least(interval '1 hour' * 2 ^ least(n.level, 10),
                                interval '24 hours')
                        ELSE g.locked_until END,
                   excluded.last_failed_at
              FROM (SELECT fresh, level, failures, is_unknown,
                           failures >= CASE WHEN is_unknown THEN 20
                                            WHEN g.scope LIKE 'station:%' THEN 30
                                            ELSE 10 END AS locks
                      FROM (SELECT f.fresh,
                                   g.scope LIKE 'unknown:%' AS is_unknown,
                                   CASE WHEN f.fresh THEN 1 ELSE g.failures + 1 END
                                       AS failures,
                                   CASE WHEN excluded.last_failed_at
                                             > g.last_failed_at + interval '7 days'
                                        THEN 0 ELSE g.level END AS level
                              FROM (SELECT excluded.last_failed_at
                                           > g.window_started_at + interval '1 hour'
                                           AS fresh) f) c) n)
        WHERE g.locked_until IS NULL OR g.locked_until <= clock_timestamp()
        RETURNING g.scope
    )
    SELECT coalesce(array_agg(scope), '{}') INTO counted FROM done;
    RETURN voucher_locked_for(
        ARRAY(SELECT s FROM unnest(p_scopes) s WHERE s <> ALL (counted)));
END $$;
