-- The fence: whether vouchers may change for an owner at this moment.

-- Return whether the feature is on for a subject; null asks whether it is on for anyone.
-- The rollout replaces this function with one that takes the lock of the fence and reads
-- the flag. Without the rollout no voucher changes. The order of the two does not matter.
DO $do$
BEGIN
    IF to_regprocedure('voucher_feature_on(text)') IS NULL THEN
        CREATE FUNCTION voucher_feature_on(p_subject text) RETURNS boolean
        LANGUAGE sql AS $$ SELECT false $$;
    END IF;
END $do$;

-- Return whether vouchers may change for the owner; null asks for anyone. Each function
-- that changes a voucher asks first, before it reads or locks a row.
CREATE OR REPLACE FUNCTION voucher_is_on(p_owner bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN coalesce(voucher_feature_on(
        (SELECT p.public_id::text FROM profiles p WHERE p.id = p_owner)), false);
END $$;

-- Return the answer "feature_disabled". It writes nothing.
CREATE OR REPLACE FUNCTION voucher_is_off()
RETURNS voucher_outcome LANGUAGE sql IMMUTABLE AS $$
    SELECT ROW('feature_disabled', NULL, NULL, NULL)::voucher_outcome
$$;
