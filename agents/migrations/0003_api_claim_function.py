from __future__ import annotations

from django.db import migrations

# In one round trip: lock the token against revocation until this transaction ends, and
# claim the key. The key is new, or in use by a request that does not end within two
# seconds, or was used before and its answer is returned. The inner block gives the
# insert that may wait a savepoint of its own.
CLAIM = """
CREATE FUNCTION api_claim(
    p_token bigint, p_operation text, p_key bytea, p_fingerprint bytea,
    OUT outcome text, OUT call_id bigint, OUT kept_fingerprint bytea, OUT kept text
) LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
    PERFORM FROM agents_apitoken WHERE id = p_token AND revoked_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        outcome := 'revoked';
        RETURN;
    END IF;
    IF p_key IS NULL THEN
        outcome := 'claimed';
        RETURN;
    END IF;
    BEGIN
        INSERT INTO agents_idempotentcall (
            token_id, operation, key_digest, fingerprint, created_at)
        VALUES (p_token, p_operation, p_key, p_fingerprint, clock_timestamp())
        ON CONFLICT (token_id, operation, key_digest) DO NOTHING
        RETURNING id INTO call_id;
    EXCEPTION WHEN lock_not_available THEN
        outcome := 'in_progress';
        RETURN;
    END;
    IF call_id IS NOT NULL THEN
        outcome := 'claimed';
        RETURN;
    END IF;
    outcome := 'used';
    SELECT c.id, c.fingerprint, c.answer INTO call_id, kept_fingerprint, kept
      FROM agents_idempotentcall c
     WHERE c.token_id = p_token AND c.operation = p_operation AND c.key_digest = p_key;
END $$;
"""


class Migration(migrations.Migration):
    """Add the function that claims an idempotency key."""

    dependencies = [("agents", "0002_append_only_triggers")]
    operations = [migrations.RunSQL(CLAIM, "DROP FUNCTION api_claim")]
