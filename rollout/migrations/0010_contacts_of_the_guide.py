from __future__ import annotations

from django.db import migrations

# The guide's emergency contacts, in its order. The first two are placeholders until
# somebody names a person; pre-flight says so. The providers are not on call.
CONTACTS = (
    {"role": "On-call Engineer", "order": 1},
    {"role": "Platform Lead", "order": 2},
    {"role": "OpenAI Support", "name": "OpenAI", "email": "api-support@openai.com"},
    {"role": "Supabase Support", "name": "Supabase", "email": "support@supabase.io"},
)


def seed(apps, schema_editor):
    Contact = apps.get_model("rollout", "Contact")
    for contact in CONTACTS:
        Contact.objects.get_or_create(role=contact["role"], defaults=contact)


class Migration(migrations.Migration):
    dependencies = [("rollout", "0009_people_are_told_once")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
