"""The approvals: what waits for a second person, and one page for each request."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from easymo.backoffice import reauthentication
from easymo.backoffice.pages import person_of
from easymo.backoffice.reason import ReasonForm
from vouchers import approvals, limits
from vouchers.admin.approval import CHANNELS
from vouchers.authority import RULES, Operation
from vouchers.errors import VoucherError
from vouchers.models import ApprovalRequest, Voucher, VoucherEvent
from vouchers.money import Money, shown_money
from vouchers.services.approve import approve_voucher, decline_voucher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse

VIEW = "vouchers.view_voucher"
# The permission that shows the words of a request.
READ = "agents.view_conversation"
DECIDE = RULES[Operation.APPROVE].permission
APPROVE, DECLINE = "approve", "decline"


def page(request: HttpRequest) -> HttpResponse:
    """List what waits for a second person, and the last decisions."""
    _check_may_see(request)
    context = {
        **admin.site.each_context(request),
        "title": _("Approvals"),
        "waiting": [_line(row) for row in approvals.open_requests()[: approvals.PAGE]],
        "others": list(_others(request)),
        "ended": [
            _line(row) | {"how": _outcome(row)}
            for row in approvals.ended_requests()[: approvals.PAGE]
        ],
    }
    return TemplateResponse(request, "admin/vouchers/approvals.html", context)


def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one request, and decide it."""
    _check_may_see(request)
    rows = ApprovalRequest.objects.select_related(
        "voucher__owner",
        "voucher__approval__approver",
        "voucher__created_by_profile",
        "voucher__created_by_user",
    )
    row = get_object_or_404(rows, pk=pk)
    entered = reauthentication.kept(request)
    initial = reauthentication.restored(ReasonForm.base_fields, entered)
    form = ReasonForm(request.POST or None, label_suffix="", initial=initial)
    if request.method == "POST":
        if not request.user.has_perm(DECIDE):
            raise PermissionDenied
        if _asks_who(request, row.voucher) and (
            answer := reauthentication.ask(request)
        ):
            return answer
        if form.is_valid():
            try:
                messages.success(request, _decide(request, row.voucher, form))
            except VoucherError as error:
                form.add_error(None, str(error))
            else:
                return redirect("approvals")
    context = {
        **admin.site.each_context(request),
        **_facts(row),
        "title": _("Request for {reference}").format(reference=row.voucher.reference),
        "row": row,
        "form": form,
        "bar": _bar(request, row) if request.user.has_perm(DECIDE) else "",
        "may_decide": request.user.has_perm(DECIDE),
        "may_read": request.user.has_perm(DECIDE) or request.user.has_perm(READ),
    }
    return TemplateResponse(request, "admin/vouchers/approval.html", context)


def _asks_who(request: HttpRequest, voucher: Voucher) -> bool:
    amount = Money(voucher.amount_minor, voucher.currency)
    is_approved = request.POST.get("action") == APPROVE
    return is_approved and limits.needs_reauthentication(amount)


def _check_may_see(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied


def _line(row: ApprovalRequest) -> dict[str, Any]:
    voucher = row.voucher
    return {
        "row": row,
        "reference": voucher.reference,
        "amount": shown_money(Money(voucher.amount_minor, voucher.currency)),
        "owner": voucher.owner,
        "requester": voucher.created_by_profile
        or voucher.created_by_user
        or _("the API"),
        "asked_at": voucher.created_at,
        "link": reverse("approval", args=[row.pk]),
    }


def _others(request: HttpRequest) -> Iterator[tuple[str, int, str]]:
    """Yield what else waits: name, number and the address of its list."""
    for label, rows, model in (
        (_("Reversals"), approvals.waiting_reversals(), "reversalrequest"),
        (_("Spreadsheets"), approvals.waiting_batches(), "batch"),
        (_("Roles and rights"), approvals.waiting_changes(), "authoritychange"),
    ):
        if request.user.has_perm(f"vouchers.view_{model}"):
            count = rows[: approvals.MOST_COUNTED].count()
            yield label, count, reverse(f"admin:vouchers_{model}_changelist")


def _facts(row: ApprovalRequest) -> dict[str, Any]:
    facts = approvals.facts_of(row.voucher)
    notes = VoucherEvent.objects.filter(
        voucher=row.voucher, old_status="pending_approval"
    )
    decision = notes.select_related("note").first()
    note = getattr(decision, "note", None)
    return {
        "facts": facts,
        "channel": CHANNELS.get(facts.channel, facts.channel),
        "outcome": _outcome(row) if row.ended_at else "",
        "decision_reason": note.text if note else "",
    }


def _outcome(row: ApprovalRequest) -> str:
    """Return how the request ended, in one sentence."""
    decided = getattr(row.voucher, "approval", None)
    if decided is None:
        return _("Ended: no person decided in time")
    names = {"by": decided.approver.get_username()}
    if decided.decision == decided.Decision.APPROVED:
        return _("Approved by {by}").format(**names)
    return _("Refused by {by}").format(**names)


def _bar(request: HttpRequest, row: ApprovalRequest) -> str:
    """Try the approval and take it back: only the database knows all its rules."""
    if row.ended_at is not None:
        return ""
    try:
        with transaction.atomic():
            _approve(request, row.voucher, "trial", str(uuid.uuid4()))
            transaction.set_rollback(True)
    except VoucherError as error:
        return str(error)
    return ""


def _approve(request: HttpRequest, voucher: Voucher, reason: str, key: str) -> None:
    approve_voucher(
        voucher=voucher,
        approver=person_of(request),
        reason=reason,
        key=f"admin:{key}",
    )


def _decide(request: HttpRequest, voucher: Voucher, form: ReasonForm) -> str:
    reason, key = form.cleaned_data["reason"], str(form.cleaned_data["key"])
    log: Any = admin.site.get_model_admin(Voucher)
    if request.POST.get("action") == APPROVE:
        _approve(request, voucher, reason, key)
        log.log_change(request, voucher, f"Approve: {reason}")
        sentence = _("Voucher {reference} approved. The code is sent to {owner}.")
    else:
        decline_voucher(
            voucher=voucher,
            approver=person_of(request),
            reason=reason,
            key=f"admin:{key}",
        )
        log.log_change(request, voucher, f"Decline: {reason}")
        sentence = _("Voucher {reference} refused. Who asked is told the reason.")
    return sentence.format(reference=voucher.reference, owner=voucher.owner)
