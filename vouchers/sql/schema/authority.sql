-- Roles and rights take effect when a second person has confirmed them.

-- The time during which the person who gave a role cannot approve.
CREATE OR REPLACE FUNCTION authority_period()
RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '30 days' $$;

-- Tell whether a profile is, or was in the last 30 days, the account's own.
CREATE OR REPLACE FUNCTION is_own_profile(p_account bigint, p_profile bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM profiles p WHERE p.id = p_profile AND p.user_id = p_account)
    OR EXISTS (
        SELECT FROM change_record c
         WHERE c.table_name = 'profiles' AND c.row_id = p_profile::text
           AND c.before ->> 'user_id' = p_account::text
           AND c.created_at > clock_timestamp() - authority_period())
$$;

-- Tell whether an account gave the person their role or identity in the last 30 days, or
-- gave rights to the account of that person.
CREATE OR REPLACE FUNCTION gave_authority(
    p_account bigint, p_to_account bigint, p_to_profile bigint
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM authority_change c
         WHERE c.given_by_id = p_account AND c.decision <> 'refused'
           AND greatest(c.given_at, c.decided_at)
               > clock_timestamp() - authority_period()
           AND (c.profile_id = p_to_profile
                OR c.account_id = p_to_account
                OR c.account_id = (
                    SELECT p.user_id FROM profiles p WHERE p.id = p_to_profile)))
$$;

-- Return the account that requested a voucher; for a token, the one that created the token.
CREATE OR REPLACE FUNCTION requesting_account(v vouchers)
RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(v.created_by_user_id, (
        SELECT c.account_id FROM change_record c
         WHERE v.created_by_kind = 'token' AND c.table_name = 'agents_apitoken'
           AND c.row_id = split_part(v.created_by_id, ':', 1) AND c.kind = 'insert'))
$$;

-- Return why the account cannot approve a voucher; null when it can.
CREATE OR REPLACE FUNCTION approval_bar(p_account bigint, v vouchers)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN v.created_by_user_id = p_account
            OR is_own_profile(p_account, v.created_by_profile_id) THEN 'own_request'
        WHEN r.account = p_account THEN 'own_token'
        WHEN is_own_profile(p_account, v.owner_id) THEN 'own_voucher'
        WHEN gave_authority(p_account, r.account, v.created_by_profile_id)
            THEN 'gave_role'
        WHEN gave_authority(r.account, p_account, NULL)
            OR gave_authority((SELECT p.user_id FROM profiles p
                                WHERE p.id = v.created_by_profile_id), p_account, NULL)
            THEN 'made_by_requester'
    END
      FROM (SELECT requesting_account(v) AS account) r
$$;

-- A change of authority is decided once, by a person who may decide it.
CREATE OR REPLACE FUNCTION authority_change_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    fixed authority_change;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a change of authority is never deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        fixed := OLD;
        IF OLD.decision = 'waiting' THEN
            fixed.decision := NEW.decision;
            fixed.decided_by_id := NEW.decided_by_id;
            fixed.decided_by_name := NEW.decided_by_name;
            fixed.decision_source := NEW.decision_source;
            fixed.decided_at := NEW.decided_at;
            fixed.decision_reason := NEW.decision_reason;
        END IF;
        -- Erasure of the person.
        IF NEW.reason = '' THEN
            fixed.reason := '';
        END IF;
        IF NEW.decision_reason = '' THEN
            fixed.decision_reason := '';
        END IF;
        IF NEW IS DISTINCT FROM fixed THEN
            RAISE EXCEPTION 'a change of authority is decided once'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
        END IF;
    END IF;
    IF NEW.decision = 'confirmed' AND (TG_OP = 'INSERT' OR OLD.decision = 'waiting') THEN
        IF is_own_profile(NEW.decided_by_id, NEW.profile_id) THEN
            RAISE EXCEPTION 'a person cannot confirm a role of their own'
                USING ERRCODE = 'check_violation',
                      CONSTRAINT = 'authority_change_not_of_oneself';
        END IF;
        NEW.transaction_id := pg_current_xact_id()::text::bigint;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER authority_change_guard BEFORE INSERT OR UPDATE OR DELETE
    ON authority_change FOR EACH ROW EXECUTE FUNCTION authority_change_guard();
ALTER TABLE authority_change ENABLE ALWAYS TRIGGER authority_change_guard;
CREATE TRIGGER authority_change_no_truncate BEFORE TRUNCATE ON authority_change
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE authority_change ENABLE ALWAYS TRIGGER authority_change_no_truncate;

-- At commit, a role above customer and the station of station staff were confirmed in
-- this transaction.
CREATE OR REPLACE FUNCTION profile_role_confirmed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    p profiles;
BEGIN
    SELECT * INTO p FROM profiles WHERE id = NEW.id;
    IF p.role <> 'customer' AND NOT EXISTS (
        SELECT FROM authority_change c
         WHERE c.profile_id = p.id AND c.kind = 'role' AND c.decision = 'confirmed'
           AND c.transaction_id = pg_current_xact_id()::text::bigint
           AND c.new_role = p.role
           AND (p.role <> 'station' OR c.new_station_id = p.station_id)) THEN
        RAISE EXCEPTION 'a role above customer needs a confirmed change of authority'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'profile_role_confirmed';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER profile_role_confirmed AFTER INSERT ON profiles
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.role <> 'customer')
    EXECUTE FUNCTION profile_role_confirmed();
ALTER TABLE profiles ENABLE ALWAYS TRIGGER profile_role_confirmed;
CREATE CONSTRAINT TRIGGER profile_new_role_confirmed
    AFTER UPDATE OF role, station_id ON profiles
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.role <> 'customer' AND (OLD.role <> NEW.role OR (
        NEW.role = 'station' AND OLD.station_id IS DISTINCT FROM NEW.station_id)))
    EXECUTE FUNCTION profile_role_confirmed();
ALTER TABLE profiles ENABLE ALWAYS TRIGGER profile_new_role_confirmed;

-- In the back office, a colleague who is active again, and station staff whose account is
-- another one, have their role after a second person has confirmed it.
CREATE CONSTRAINT TRIGGER profile_role_confirmed_again
    AFTER UPDATE OF is_active, user_id ON profiles
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.role <> 'customer' AND change_account() IS NOT NULL
        AND ((NEW.is_active AND NOT OLD.is_active)
             OR (NEW.role = 'station' AND NEW.user_id IS NOT NULL
                 AND NEW.user_id IS DISTINCT FROM OLD.user_id)))
    EXECUTE FUNCTION profile_role_confirmed();
ALTER TABLE profiles ENABLE ALWAYS TRIGGER profile_role_confirmed_again;

-- Deactivate an account whose rights the signed-in account widened, until a second
-- person confirms it.
CREATE OR REPLACE FUNCTION account_waits(p_account bigint, p_what text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO authority_change (
        kind, account_id, old_role, new_role, what, given_by_id, given_by_name, source,
        reason, given_at, decision, decided_by_name, decision_source, decision_reason)
    SELECT 'account', p_account, '', '', p_what, u.id, u.username, coalesce(
               nullif(current_setting('easymo.source', true), ''), 'admin'),
           '', clock_timestamp(), 'waiting', '', '', ''
      FROM auth_user u
     WHERE u.id = change_account() AND NOT EXISTS (
        SELECT FROM authority_change c
         WHERE c.account_id = p_account AND c.given_by_id = u.id
           AND c.decision = 'waiting' AND c.what = p_what);
    UPDATE auth_user SET is_active = false WHERE id = p_account AND is_active;
END $$;

-- Tell whether an account has a right besides viewing.
CREATE OR REPLACE FUNCTION account_has_rights(p_account bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT u.is_superuser OR EXISTS (
        SELECT FROM auth_permission p
         WHERE p.codename !~ '^view_' AND (
            p.id IN (SELECT permission_id FROM auth_user_user_permissions x
                      WHERE x.user_id = u.id)
            OR p.id IN (SELECT permission_id FROM auth_group_permissions x
                          JOIN auth_user_groups g ON g.group_id = x.group_id
                         WHERE g.user_id = u.id)))
      FROM auth_user u WHERE u.id = p_account
$$;

-- A change by the signed-in account that gives another account rights, or gives the
-- signed-in account the use of it.
CREATE OR REPLACE FUNCTION account_widened() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    what text;
BEGIN
    IF change_account() IS NULL OR NOT account_has_rights(NEW.id) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        what := 'A new superuser';
    ELSIF NEW.is_superuser AND NOT OLD.is_superuser THEN
        what := 'Made a superuser';
    ELSIF NEW.is_staff AND NOT OLD.is_staff THEN
        what := 'May sign in to the back office';
    ELSIF NEW.password <> OLD.password AND NEW.id <> change_account() THEN
        what := 'A password was set by another person';
    ELSIF NEW.email <> OLD.email AND NEW.id <> change_account() THEN
        what := 'The e-mail address was changed by another person';
    ELSIF NEW.is_active AND NOT OLD.is_active AND NOT EXISTS (
        SELECT FROM authority_change c
         WHERE c.account_id = NEW.id AND c.decision = 'confirmed'
           AND c.transaction_id = pg_current_xact_id()::text::bigint) THEN
        what := 'Activated again';
    END IF;
    IF what IS NOT NULL THEN
        PERFORM account_waits(NEW.id, what);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER account_widened AFTER INSERT OR UPDATE ON auth_user
    FOR EACH ROW EXECUTE FUNCTION account_widened();
ALTER TABLE auth_user ENABLE ALWAYS TRIGGER account_widened;

-- A group or a permission that gives the account a right besides viewing.
CREATE OR REPLACE FUNCTION account_given_rights() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_group bigint := (to_jsonb(NEW) ->> 'group_id')::bigint;
    v_permission bigint := (to_jsonb(NEW) ->> 'permission_id')::bigint;
    gives boolean;
    what text;
BEGIN
    SELECT bool_or(p.codename !~ '^view_') INTO gives FROM auth_permission p
     WHERE p.id = v_permission OR p.id IN (
        SELECT x.permission_id FROM auth_group_permissions x WHERE x.group_id = v_group);
    IF change_account() IS NULL OR NOT coalesce(gives, false) THEN
        RETURN NULL;
    END IF;
    what := coalesce(
        (SELECT 'Group ' || g.name FROM auth_group g WHERE g.id = v_group),
        (SELECT 'Permission ' || p.codename FROM auth_permission p
          WHERE p.id = v_permission));
    PERFORM account_waits(NEW.user_id, left(what, 200));
    RETURN NULL;
END $$;
CREATE TRIGGER account_given_rights AFTER INSERT OR UPDATE ON auth_user_groups
    FOR EACH ROW EXECUTE FUNCTION account_given_rights();
CREATE TRIGGER account_given_rights AFTER INSERT OR UPDATE ON auth_user_user_permissions
    FOR EACH ROW EXECUTE FUNCTION account_given_rights();
ALTER TABLE auth_user_groups ENABLE ALWAYS TRIGGER account_given_rights;
ALTER TABLE auth_user_user_permissions ENABLE ALWAYS TRIGGER account_given_rights;

-- The rights of a group that has members are not widened in the back office: all its
-- members would have to wait.
CREATE OR REPLACE FUNCTION group_widened() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF change_account() IS NOT NULL
       AND EXISTS (SELECT FROM auth_user_groups g WHERE g.group_id = NEW.group_id)
       AND EXISTS (SELECT FROM auth_permission p
                    WHERE p.id = NEW.permission_id AND p.codename !~ '^view_') THEN
        RAISE EXCEPTION 'the rights of a group with members cannot be widened'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'group_has_members';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER group_widened AFTER INSERT OR UPDATE ON auth_group_permissions
    FOR EACH ROW EXECUTE FUNCTION group_widened();
ALTER TABLE auth_group_permissions ENABLE ALWAYS TRIGGER group_widened;
