"""What waits, counted for the menu: one bounded query for all counts of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        known = _count(_rows(request))
        request.menu_counts = known  # type: ignore[attr-defined]
    return known


def _rows(request: HttpRequest) -> dict[str, list[QuerySet]]:  # type: ignore[type-arg]
    may = request.user.has_perm
    found: dict[str, list[QuerySet]] = {INBOX: [], APPROVALS: [], INCIDENTS: []}  # type: ignore[type-arg]
    if may("agents.view_conversation"):
        found[INBOX].append(InboxEntry.objects.filter(waiting_since__isnull=False))
    if may(RULES[Operation.APPROVE].permission):
        found[APPROVALS] += [
            ApprovalRequest.objects.filter(ended_at=None),
            vouchers_waiting.waiting_reversals(),
            vouchers_waiting.waiting_batches(),
        ]
    if may("vouchers.change_people"):
        found[APPROVALS].append(vouchers_waiting.waiting_changes())
    if may("rollout.change_exposure"):
        found[INCIDENTS].append(Incident.objects.filter(resolved_at=None))
    return found


def _count(rows: dict[str, list[QuerySet]]) -> dict[str, int]:  # type: ignore[type-arg]
    asked = {
        f"{name}_{place}": counted(each.order_by(), MOST)
        for name, found in rows.items()
        for place, each in enumerate(found)
    }
    if not asked:
        return {}
    # The one row of the epoch carries the counts.
    row = Epoch.objects.annotate(**asked).values(*asked).first() or {}
    return {
        name: min(sum(row.get(f"{name}_{n}", 0) for n in range(len(found))), MOST)
        for name, found in rows.items()
    }
