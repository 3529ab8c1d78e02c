-- The record of changes: people, stations, tokens, accounts, groups and permissions.

-- Return the account that is signed in; null in a command, a job and hand-written SQL.
CREATE OR REPLACE FUNCTION change_account()
RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('easymo.account', true), '')::bigint
$$;

-- Record a change of a row. The arguments name the column of the row's id, the columns
-- that are stored, and the columns of which only the change is stored. It runs with the
-- rights of its owner, so that the runtime role needs no right to write the table.
CREATE OR REPLACE FUNCTION record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    becomes jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    id text := coalesce(becomes, was) ->> TG_ARGV[0];
    v_before jsonb;
    v_after jsonb;
BEGIN
    SELECT jsonb_object_agg(c, was -> c), jsonb_object_agg(c, becomes -> c)
      INTO v_before, v_after
      FROM unnest(TG_ARGV[1]::text[]) c
     WHERE was -> c IS DISTINCT FROM becomes -> c;
    IF TG_OP = 'UPDATE' THEN
        v_after := nullif(coalesce(v_after, '{}') || coalesce((
            SELECT jsonb_object_agg(c, 'changed') FROM unnest(TG_ARGV[2]::text[]) c
             WHERE was -> c IS DISTINCT FROM becomes -> c), '{}'), '{}');
        IF v_after IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO change_record (
        table_name, row_id, kind, before, after, account_id, actor, source,
        database_role, transaction_id, created_at)
    VALUES (
        TG_TABLE_NAME, id, lower(TG_OP), CASE WHEN TG_OP <> 'INSERT' THEN v_before END,
        CASE WHEN TG_OP <> 'DELETE' THEN v_after END, change_account(),
        left(coalesce(current_setting('easymo.actor', true), ''), 150),
        left(coalesce(current_setting('easymo.source', true), ''), 40),
        session_user, pg_current_xact_id()::text::bigint, clock_timestamp());
    RETURN NULL;
END $$;

-- Refuse to delete a row of a table whose rows stay.
CREATE OR REPLACE FUNCTION never_deleted() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % is never deleted: %', TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'check_violation', CONSTRAINT = 'never_deleted';
END $$;

CREATE TRIGGER change_record_append_only BEFORE UPDATE OR DELETE ON change_record
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
ALTER TABLE change_record ENABLE ALWAYS TRIGGER change_record_append_only;
CREATE TRIGGER change_record_no_truncate BEFORE TRUNCATE ON change_record
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE change_record ENABLE ALWAYS TRIGGER change_record_no_truncate;

-- The recorded tables.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON profiles
    FOR EACH ROW EXECUTE FUNCTION record_change('id',
        '{role,station_id,user_id,is_active,is_sandbox,language,erased_at}',
        '{name,msisdn,public_id}');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON vouchers_station
    FOR EACH ROW EXECUTE FUNCTION record_change('id',
        '{code,name,town,address,opening,is_active}', '{}');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON auth_user
    FOR EACH ROW EXECUTE FUNCTION record_change('id',
        '{username,is_active,is_staff,is_superuser}',
        '{password,email,first_name,last_name}');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON auth_group
    FOR EACH ROW EXECUTE FUNCTION record_change('id', '{name}', '{}');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON auth_permission
    FOR EACH ROW EXECUTE FUNCTION record_change('id', '{codename,content_type_id}', '{}');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON auth_user_groups
    FOR EACH ROW EXECUTE FUNCTION record_change('user_id', '{user_id,group_id}', '{}');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE
    ON auth_user_user_permissions
    FOR EACH ROW EXECUTE FUNCTION record_change('user_id',
        '{user_id,permission_id}', '{}');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON auth_group_permissions
    FOR EACH ROW EXECUTE FUNCTION record_change('group_id',
        '{group_id,permission_id}', '{}');

-- People, stations and accounts are deactivated, never deleted.
CREATE TRIGGER never_deleted BEFORE DELETE ON profiles
    FOR EACH ROW EXECUTE FUNCTION never_deleted('erase the person instead');
CREATE TRIGGER never_deleted BEFORE DELETE ON vouchers_station
    FOR EACH ROW EXECUTE FUNCTION never_deleted('deactivate the station instead');
CREATE TRIGGER never_deleted BEFORE DELETE ON auth_user
    FOR EACH ROW EXECUTE FUNCTION never_deleted('deactivate the account instead');

-- No recorded table can be emptied at once.
DO $do$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['profiles', 'vouchers_station', 'auth_user',
        'auth_group', 'auth_permission', 'auth_user_groups',
        'auth_user_user_permissions', 'auth_group_permissions'] LOOP
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER no_truncate', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER record_change', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['profiles', 'vouchers_station', 'auth_user'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', name);
    END LOOP;
END $do$;

-- The log of the back office stays; an erasure may only blank its texts.
CREATE OR REPLACE FUNCTION admin_log_fixed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.object_repr ~ '^(—|Forgotten person [0-9]+)$' THEN
            OLD.object_repr := NEW.object_repr;
        END IF;
        IF NEW.change_message = '' THEN
            OLD.change_message := '';
        END IF;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the log of the back office is append-only: % is not allowed',
        lower(TG_OP)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;
CREATE TRIGGER admin_log_fixed BEFORE UPDATE OR DELETE ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION admin_log_fixed();
ALTER TABLE django_admin_log ENABLE ALWAYS TRIGGER admin_log_fixed;
CREATE TRIGGER admin_log_no_truncate BEFORE TRUNCATE ON django_admin_log
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
ALTER TABLE django_admin_log ENABLE ALWAYS TRIGGER admin_log_no_truncate;
