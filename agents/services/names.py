"""Whom the names of a sender mean today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from easymo.database.prepared import Prepared, slot
from vouchers.models import Profile

if TYPE_CHECKING:
    from agents.channels.whatsapp.payload import Sender

    # Whom the user id names, whom the number, and who gave that number up.
    type Meant = tuple[Profile | None, Profile | None, Profile | None]

# Asked for every message: whom her names mean, in one statement.
WHO = """
WITH name AS (
    SELECT kind, value, profile_id FROM agents_identity
    WHERE superseded_at IS NULL
      AND (kind, value) IN (
          ('bsuid', nullif(%(bsuid)s, '')),
          ('wa_id', nullif(%(number)s, '')),
          ('left', nullif(%(number)s, ''))
      )
)
SELECT (SELECT profile_id FROM name WHERE kind = 'bsuid'),
       coalesce(
           (SELECT id FROM profiles WHERE msisdn = nullif(%(number)s, '')),
           (SELECT profile_id FROM name WHERE kind = 'wa_id')
       ),
       (SELECT profile_id FROM name WHERE kind = 'left')
"""
NAMED = Prepared(
    lambda: Profile.objects.filter(pk__in=[slot("owner"), slot("named"), slot("left")])
)


def meant(sender: Sender) -> Meant:
    """Return whom the user id and the number name, and who gave the number up."""
    with connection.cursor() as cursor:
        cursor.execute(WHO, {"bsuid": sender.bsuid, "number": sender.number})
        owner, number, left = cursor.fetchone()
    named = number if left is None else None
    wanted = {pk for pk in (owner, named, left) if pk is not None}
    found: dict[int | None, Profile] = {}
    if wanted:
        asked = NAMED.all(owner=owner, named=named, left=left)
        found = {profile.pk: profile for profile in asked}
    return found.get(owner), found.get(named), found.get(left)
