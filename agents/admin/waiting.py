"""What waits for the user now, as numbers: asked by pages in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import JsonResponse
from django.utils.translation import gettext as _

from agents.handoff import inbox_rows
from vouchers import approvals
from vouchers.admin.approvals import DECIDE

if TYPE_CHECKING:
    from django.http import HttpRequest

ANSWER = "agents.answer_person"


def waiting(request: HttpRequest) -> JsonResponse:
    """Count the conversations and requests that wait for a person with these rights."""
    found = {}
    if request.user.has_perm(ANSWER):
        text = _("A customer waits in the inbox.")
        found["inbox"] = {"count": inbox_rows.waiting_count(), "text": text}
    if request.user.has_perm(DECIDE):
        text = _("A request waits for a second person.")
        found["approvals"] = {"count": approvals.waiting_count(), "text": text}
    return JsonResponse(found)
