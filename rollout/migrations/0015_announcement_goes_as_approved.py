from __future__ import annotations

from django.db import migrations

# What a second person approved is what goes; it goes forward, or back to a draft once.
ON = """
CREATE TRIGGER announcement_fixed BEFORE UPDATE ON rollout_announcement
    FOR EACH ROW WHEN (
        OLD.status <> 'draft'
        AND (OLD.subject, OLD.text, OLD.audience, OLD.medium, OLD.drafted_by)
        IS DISTINCT FROM
        (NEW.subject, NEW.text, NEW.audience, NEW.medium, NEW.drafted_by)
    ) EXECUTE FUNCTION rollout_refuse('what was approved stays as it is');
CREATE TRIGGER announcement_arrows BEFORE UPDATE ON rollout_announcement
    FOR EACH ROW WHEN (
        OLD.status <> NEW.status
        AND (OLD.status || '>' || NEW.status) <> ALL (ARRAY[
            'draft>approved', 'approved>draft', 'approved>sending', 'approved>sent',
            'sending>sent'
        ])
    ) EXECUTE FUNCTION rollout_refuse('an announcement goes forward');
CREATE TRIGGER announcement_stays BEFORE DELETE ON rollout_announcement
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the story stays');
CREATE TRIGGER announcement_delivery_stays BEFORE DELETE
    ON rollout_announcementdelivery
    FOR EACH ROW EXECUTE FUNCTION rollout_refuse('the story stays');
ALTER TABLE rollout_announcement ENABLE ALWAYS TRIGGER announcement_fixed;
ALTER TABLE rollout_announcement ENABLE ALWAYS TRIGGER announcement_arrows;
ALTER TABLE rollout_announcement ENABLE ALWAYS TRIGGER announcement_stays;
ALTER TABLE rollout_announcementdelivery
    ENABLE ALWAYS TRIGGER announcement_delivery_stays;
"""
OFF = """
DROP TRIGGER announcement_fixed ON rollout_announcement;
DROP TRIGGER announcement_arrows ON rollout_announcement;
DROP TRIGGER announcement_stays ON rollout_announcement;
DROP TRIGGER announcement_delivery_stays ON rollout_announcementdelivery;
"""


class Migration(migrations.Migration):
    dependencies = [("rollout", "0014_checklist_of_the_guide")]

    operations = [migrations.RunSQL(ON, OFF)]
