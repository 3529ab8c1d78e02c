"""What waits, counted for the menu: one bounded query for all counts of a page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection

from agents.models import InboxEntry
from easymo.backoffice.windows import counted
from rollout.models import Epoch, Incident
from vouchers import approvals as vouchers_waiting
from vouchers.authority import RULES, Operation
from vouchers.models import ApprovalRequest

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

# The counts end here: "99+".
MOST = 100
INBOX, APPROVALS, INCIDENTS = "inbox", "approvals", "incidents"
SEE_CHATS, CHANGE_PEOPLE = "agents.view_conversation", "vouchers.change_people"
APPROVE, CHANGE_EXPOSURE = (
    RULES[Operation.APPROVE].permission,
    "rollout.change_exposure",
)
# What is counted depends on these.
RIGHTS = (SEE_CHATS, APPROVE, CHANGE_PEOPLE, CHANGE_EXPOSURE)


def inbox(request: HttpRequest) -> str:
    """Return how many conversations wait for a colleague."""
    return _shown(request, INBOX)


def approvals(request: HttpRequest) -> str:
    """Return how much waits for a second person."""
    return _shown(request, APPROVALS)


def incidents(request: HttpRequest) -> str:
    """Return how many incidents are open."""
    return _shown(request, INCIDENTS)


def _shown(request: HttpRequest, name: str) -> str:
    count = counts_of(request).get(name, 0)
    return f"{MOST - 1}+" if count >= MOST else str(count or "")


def counts_of(request: HttpRequest) -> dict[str, int]:
    """Count once for each request what the user may see or act on."""
    known: dict[str, int] | None = getattr(request, "menu_counts", None)
    if known is None:
        may = request.user.has_perm
        known = _count(frozenset(each for each in RIGHTS if may(each)))
        request.menu_counts = known  # type: ignore[attr-defined]
    return known


def _rows(rights: frozenset[str]) -> dict[str, list[QuerySet]]:  # type: ignore[type-arg]
    found: dict[str, list[QuerySet]] = {INBOX: [], APPROVALS: [], INCIDENTS: []}  # type: ignore[type-arg]
    if SEE_CHATS in rights:
        found[INBOX].append(InboxEntry.objects.filter(waiting_since__isnull=False))
    if APPROVE in rights:
        found[APPROVALS] += [
            ApprovalRequest.objects.filter(ended_at=None),
            vouchers_waiting.waiting_reversals(),
            vouchers_waiting.waiting_batches(),
        ]
    if CHANGE_PEOPLE in rights:
        found[APPROVALS].append(vouchers_waiting.waiting_changes())
    if CHANGE_EXPOSURE in rights:
        found[INCIDENTS].append(Incident.objects.filter(resolved_at=None))
    return found


def _count(rights: frozenset[str]) -> dict[str, int]:
    names, text, values = _statement(rights)
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        row = cursor.fetchone() or [0] * len(names)
    found = dict.fromkeys((INBOX, APPROVALS, INCIDENTS), 0)
    for name, count in zip(names, row, strict=True):
        found[name] = min(found[name] + count, MOST)
    return found


@cache
def _statement(rights: frozenset[str]) -> tuple[list[str], str, tuple[Any, ...]]:
    """Return the names of the counts and the query; it depends on the rights only."""
    rows = [(name, each) for name, found in _rows(rights).items() for each in found]
    asked = {
        f"{name}_{place}": counted(each.order_by(), MOST)
        for place, (name, each) in enumerate(rows)
    }
    # The one row of the epoch carries the counts.
    query = Epoch.objects.annotate(**asked).values(*asked)[:1].query
    return [name for name, _each in rows], *query.sql_with_params()
