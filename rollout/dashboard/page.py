"""The template context of the dashboard page, the first page of the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rollout.core.errors import RolloutError
from rollout.core.ports import ports
from rollout.dashboard.data import read_dashboard
from rollout.dashboard.features import LookedUpPerson

if TYPE_CHECKING:
    from django.http import HttpRequest

REFRESH_S = 5
# Sent by the page's script, which asks for the page without its frame. "quick": without
# the charts and the work list too, which it asks for once a minute.
LIVE_HEADER = "X-Room-Live"
QUICK = "quick"
# Session keys. A refused form gives its text back. The person is kept as a subject:
# a phone number never enters the session.
TYPED = "room_typed"
PERSON = "room_person"
UNKNOWN_PERSON = _("an unknown person")
LONGEST_INPUT = 100


def may_see(request: HttpRequest) -> bool:
    return request.user.has_perm("rollout.view_agentflag")


def may_operate(request: HttpRequest) -> bool:
    """Tell whether the user may turn features on or off."""
    return request.user.has_perm("rollout.rollback") or request.user.has_perm(
        "rollout.change_exposure"
    )


def is_quick(request: HttpRequest) -> bool:
    return request.headers.get(LIVE_HEADER) == QUICK


def dashboard_context(request: HttpRequest) -> dict[str, Any]:
    is_live = LIVE_HEADER in request.headers
    person = looked_up_person(request)
    return {
        "dashboard": read_dashboard(
            person,
            chart_range=request.GET.get("range", ""),
            with_charts=not is_quick(request),
        ),
        "person": person,
        "may_kill": request.user.has_perm("rollout.rollback"),
        "may_change": request.user.has_perm("rollout.change_exposure"),
        "may_move": request.user.has_perm("rollout.move_stage"),
        "may_look_up": request.user.has_perm("vouchers.view_profile"),
        "typed": "" if is_live else request.session.pop(TYPED, ""),
        "page_base": "rollout/bare.html" if is_live else "admin/base.html",
        "is_live": is_live,
        "refresh_s": REFRESH_S,
        "reload_s": _reload_s(request),
        "now": timezone.now(),
    }


def _reload_s(request: HttpRequest) -> int:
    """Return the reload interval that a browser without scripts asked for."""
    asked = request.GET.get("every", "")
    return max(5, min(int(asked), 600)) if asked.isascii() and asked.isdigit() else 0


def look_up_person(request: HttpRequest, text: str) -> LookedUpPerson:
    """Find a person by phone number or id, and remember them in the session."""
    if ports.subject_of is None:
        raise RolloutError(gettext("People cannot be looked up here."))
    subject = ports.subject_of(text.strip()[:LONGEST_INPUT])
    label = str(UNKNOWN_PERSON)
    if subject is not None:
        labels = ports.labels([subject]) if ports.labels else {}
        label = labels.get(subject, subject)
    request.session[PERSON] = [subject, label]
    return LookedUpPerson(subject, label)


def looked_up_person(request: HttpRequest) -> LookedUpPerson | None:
    kept = request.session.get(PERSON)
    return LookedUpPerson(*kept) if kept else None


def forget_person(request: HttpRequest) -> None:
    request.session.pop(PERSON, None)
