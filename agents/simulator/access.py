from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

PERMISSION = "agents.use_simulator"


def is_switched_on() -> bool:
    """Return whether this installation has a simulator at all."""
    return bool(settings.DEMONSTRATION or settings.SIMULATOR_ENABLED)


def may_use(request: HttpRequest) -> bool:
    """Return whether this person may write as sandbox people."""
    user = request.user
    return is_switched_on() and user.is_staff and user.has_perm(PERMISSION)
