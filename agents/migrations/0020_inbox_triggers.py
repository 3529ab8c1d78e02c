from __future__ import annotations

from django.db import migrations

# Each function locks the entry before it decides: `DO UPDATE` also waits for a deletion
# that is not committed yet, and inserts the row again after it.
TRIGGERS = """
CREATE FUNCTION agents_inbox_add(chat bigint, since timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO agents_inboxentry AS entry (conversation_id, waiting_since)
    VALUES (chat, since)
    ON CONFLICT (conversation_id) DO UPDATE
       SET waiting_since = coalesce(entry.waiting_since, excluded.waiting_since);
$$;

-- The entry stays while a task for a colleague is open or the agent is paused.
CREATE FUNCTION agents_inbox_end(chat bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM agents_inboxentry WHERE conversation_id = chat FOR UPDATE;
    IF FOUND THEN
        DELETE FROM agents_inboxentry
         WHERE conversation_id = chat
           AND NOT EXISTS (SELECT FROM agents_handoff
                WHERE conversation_id = chat AND closed_at IS NULL
                  AND kind NOT IN ('identity', 'device'))
           AND NOT EXISTS (SELECT FROM agents_conversation
                WHERE id = chat AND paused_at IS NOT NULL);
    END IF;
END $$;

CREATE FUNCTION agents_inbox_of_task() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_at IS NULL THEN
        PERFORM agents_inbox_add(NEW.conversation_id, NEW.opened_at);
    ELSE
        PERFORM agents_inbox_end(NEW.conversation_id);
    END IF;
    RETURN NULL;
END $$;
-- Identities are decided elsewhere.
CREATE TRIGGER inbox_of_task AFTER INSERT OR UPDATE OF closed_at ON agents_handoff
    FOR EACH ROW WHEN (NEW.conversation_id IS NOT NULL
        AND NEW.kind NOT IN ('identity', 'device'))
    EXECUTE FUNCTION agents_inbox_of_task();

CREATE FUNCTION agents_inbox_of_pause() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.paused_at IS NULL THEN
        PERFORM agents_inbox_end(NEW.id);
    ELSE
        PERFORM agents_inbox_add(NEW.id, NULL);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER inbox_of_pause AFTER UPDATE OF paused_at ON agents_conversation
    FOR EACH ROW WHEN ((OLD.paused_at IS NULL) <> (NEW.paused_at IS NULL))
    EXECUTE FUNCTION agents_inbox_of_pause();

CREATE FUNCTION agents_inbox_of_message() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE agents_inboxentry SET waiting_since = NEW.received_at
     WHERE conversation_id = NEW.conversation_id AND waiting_since IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER inbox_of_new_message AFTER INSERT ON agents_message
    FOR EACH ROW WHEN (NEW.state = 'handed')
    EXECUTE FUNCTION agents_inbox_of_message();
CREATE TRIGGER inbox_of_message AFTER UPDATE OF state ON agents_message
    FOR EACH ROW WHEN (NEW.state = 'handed' AND OLD.state <> 'handed')
    EXECUTE FUNCTION agents_inbox_of_message();

CREATE FUNCTION agents_inbox_of_answer() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE agents_inboxentry SET waiting_since = NULL
     WHERE conversation_id = NEW.conversation_id;
    RETURN NULL;
END $$;
CREATE TRIGGER inbox_of_answer AFTER INSERT ON agents_colleagueact
    FOR EACH ROW WHEN (NEW.kind = 'answered')
    EXECUTE FUNCTION agents_inbox_of_answer();
"""
BACK = """
DROP FUNCTION agents_inbox_of_task, agents_inbox_of_pause, agents_inbox_of_message,
    agents_inbox_of_answer CASCADE;
DROP FUNCTION agents_inbox_end, agents_inbox_add;
"""


class Migration(migrations.Migration):
    """Keep the inbox equal to open tasks, pauses, messages and answers."""

    dependencies = [("agents", "0019_inbox")]
    operations = [migrations.RunSQL(TRIGGERS, BACK)]
