"""The operator's page as the admin's first page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from rollout.dashboard.data import gather
from rollout.dashboard.subject import looked_at
from rollout.dashboard.views import TYPED

if TYPE_CHECKING:
    from django.http import HttpRequest

EVERY_S = 5
# Asked for by the page's own script: the same page without its frame; "quick": also
# without the charts and the desk, which it asks for once a minute.
LIVE = "X-Room-Live"
QUICK = "quick"


def may_see(request: HttpRequest) -> bool:
    """Tell whether this person may look at the switches at all."""
    return request.user.has_perm("rollout.view_agentflag")


def may_operate(request: HttpRequest) -> bool:
    """Tell whether this person is one who presses the buttons."""
    return request.user.has_perm("rollout.rollback") or request.user.has_perm(
        "rollout.change_exposure"
    )


def is_quick(request: HttpRequest) -> bool:
    """Tell whether only what moves by the second is asked for."""
    return request.headers.get(LIVE) == QUICK


def add_room(request: HttpRequest) -> dict[str, Any]:
    """Return what the page's templates need."""
    is_live = LIVE in request.headers
    room = gather(
        looked_at(request),
        shown=request.GET.get("range", ""),
        drawn=not is_quick(request),
    )
    return {
        "room": room,
        "person": looked_at(request),
        "may_kill": request.user.has_perm("rollout.rollback"),
        "may_change": request.user.has_perm("rollout.change_exposure"),
        "may_move": request.user.has_perm("rollout.move_stage"),
        "may_look": request.user.has_perm("vouchers.view_profile"),
        "typed": "" if is_live else request.session.pop(TYPED, ""),
        "page_base": "rollout/bare.html" if is_live else "admin/base.html",
        "is_live": is_live,
        "every_s": EVERY_S,
        "reload_s": _reload(request),
        "now": timezone.now(),
    }


def _reload(request: HttpRequest) -> int:
    """Return every how many seconds a page without scripts loads itself anew."""
    asked = request.GET.get("every", "")
    return max(5, min(int(asked), 600)) if asked.isascii() and asked.isdigit() else 0
