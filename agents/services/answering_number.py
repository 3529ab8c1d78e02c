from __future__ import annotations

from django.conf import settings

# Where no number is set up, only our own marked webhooks name one.
DEMONSTRATION_NUMBER = "sandbox"


def our_number() -> str:
    """Return the id of the business number that the agent answers for."""
    return settings.WA_PHONE_ID or DEMONSTRATION_NUMBER
