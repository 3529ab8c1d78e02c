"""Keep a checked file as a batch, and issue it a few lines in one transaction."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from easymo.database import jobs
from easymo.sentences import english, translatable
from vouchers import limits
from vouchers.actors import Actor
from vouchers.batches import campaigns
from vouchers.batches.checking import line_key
from vouchers.errors import InvalidRequest, NotAllowed, SecondPersonNeeded
from vouchers.models import Batch, Profile
from vouchers.money import Money
from vouchers.services.issue import Order, issue_vouchers
from vouchers.services.profiles import clean_name
from vouchers.services.transition import clean_reason, pass_fence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User

    from vouchers.batches.checking import Checked
    from vouchers.models import Campaign

    type Progress = Callable[[int, int], None]
    # The fields of ``checking.Line``.
    type StoredLine = dict[str, Any]

State = Batch.State
QUEUE, TASK = "vouchers", "vouchers.tasks.issue_batches"
# A batch that is neither confirmed nor approved is cancelled after this time.
KEPT = timedelta(days=7)
BAR = """
SELECT CASE
    WHEN EXISTS (SELECT FROM profiles p WHERE p.msisdn = ANY (%(numbers)s)
                    AND is_own_profile(%(approver)s, p.id)) THEN 'own_voucher'
    WHEN gave_authority(%(approver)s, %(creator)s, NULL) THEN 'gave_role'
    WHEN gave_authority(%(creator)s, %(approver)s, NULL) THEN 'made_by_requester'
END
"""
# The daily limit of the person and of the account, which their other vouchers count
# towards too.
USE_LIMIT = """
SELECT voucher_use_limit('issuer', s, %s, %s, %s)
  FROM unnest((voucher_who_is('user', %s, NULL)).scopes) s WHERE s NOT LIKE 'unknown:%%'
"""
# A kill waits for the running transaction, so that is short.
LINES_IN_ONE = 50


def store(
    checked: Checked,
    *,
    file_name: str,
    reason: str,
    by_name: str,
    by: User | None = None,
    state: str = State.CHECKED,
    campaign: Campaign | None = None,
) -> Batch:
    """Keep a file without errors; the same file is the batch that exists.

    Raises InvalidRequest, InvalidReason, CampaignRefused.
    """
    if checked.errors:
        raise InvalidRequest(translatable("The file has errors. Nothing was issued."))
    text = clean_reason(reason)
    try:
        with transaction.atomic():
            return Batch.objects.create(
                sha256=checked.sha256,
                file_name=clean_name(file_name),
                lines=[dataclasses.asdict(line) for line in checked.lines],
                count=len(checked.lines),
                currency=checked.currency,
                total_minor=checked.total_minor,
                needs_approval=checked.needs_approval,
                reason=text,
                state=state,
                created_by_name=by_name[:150],
                created_by=by,
                campaign=campaign,
            )
    except IntegrityError as error:
        if refused := campaigns.refusal_of(error):
            raise refused from error
        return Batch.objects.exclude(state=State.CANCELLED).get(sha256=checked.sha256)


def confirm(*, batch: Batch, user: User) -> Batch:
    """Let a checked batch be issued, or wait for a second person above the limits.

    Several batches of one person and day count together. Only the person who uploaded
    it may. Raises NotAllowed, CampaignRefused.
    """
    with _campaign_refusals(), transaction.atomic():
        row = _locked(batch, State.CHECKED)
        if row.created_by_id != user.pk:
            raise NotAllowed(
                translatable("Only the person who uploaded this file can confirm it.")
            )
        if not row.needs_approval and not _is_within_the_day(row, user):
            row.needs_approval = True
        row.state = State.WAITING if row.needs_approval else State.ISSUING
        row.save(update_fields=["state", "needs_approval"])
        _enqueue(row)
    return row


def approve(*, batch: Batch, user: User, reason: str) -> Batch:
    """Let a waiting batch be issued, as a second person.

    Raises SecondPersonNeeded, NotAllowed, InvalidReason, CampaignRefused.
    """
    text = clean_reason(reason)
    with _campaign_refusals(), transaction.atomic():
        row = _locked(batch, State.WAITING)
        if bar := approval_bar(user, row):
            raise SecondPersonNeeded(bar)
        row.state = State.ISSUING
        row.decided_by, row.decided_at = user, timezone.now()
        row.decision_reason = text
        row.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
        _enqueue(row)
    return row


@contextmanager
def _campaign_refusals() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise (campaigns.refusal_of(error) or error) from error


def cancel(*, batch: Batch, user: User | None, reason: str) -> Batch:
    """Give up a batch before it is issued. Raises NotAllowed, InvalidReason."""
    text = clean_reason(reason)
    with transaction.atomic():
        row = _locked(batch, State.CHECKED, State.WAITING)
        row.state, row.lines = State.CANCELLED, None
        row.ended_at = row.decided_at = timezone.now()
        row.decided_by, row.decision_reason = user, text
        row.save()
    return row


def cancel_forgotten() -> int:
    """Cancel batches that wait for more than a week; return how many."""
    old = Batch.objects.filter(
        state__in=[State.CHECKED, State.WAITING],
        created_at__lt=timezone.now() - KEPT,
    )
    for batch in old[:100]:
        cancel(batch=batch, user=None, reason="It waited for more than a week.")
    return len(old)


def _enqueue(row: Batch) -> None:
    if row.state == State.ISSUING:
        jobs.enqueue(task=TASK, queue=QUEUE, jobs=[jobs.Job(TASK, {})])


def _locked(batch: Batch, *states: str) -> Batch:
    row = Batch.objects.select_for_update().get(pk=batch.pk)
    if row.state not in states:
        raise NotAllowed(
            translatable("This batch is: {state}.", state=_STATES[State(row.state)])
        )
    return row


def approval_bar(user: User, row: Batch) -> str:
    """Return why the person cannot approve the batch; the database knows their part."""
    if row.created_by_id == user.pk:
        return "own_batch"
    given = {
        "approver": user.pk,
        "creator": row.created_by_id,
        "numbers": [line["msisdn"] for line in row.lines or []],
    }
    with connection.cursor() as cursor:
        cursor.execute(BAR, given)
        (bar,) = cursor.fetchone()
    return bar or ""


def _is_within_the_day(row: Batch, user: User) -> bool:
    """Take the batch from what the person may issue today; false when it is too much."""
    most = limits.cap("issuer_daily", row.currency)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(USE_LIMIT, [row.currency, row.total_minor, most, str(user.pk)])
        is_taken = all(taken for (taken,) in cursor.fetchall())
        if not is_taken:
            transaction.set_rollback(True)
    return is_taken


def to_issue() -> list[Batch]:
    """Return the batches that are being issued, the oldest first; without their lines."""
    rows = Batch.objects.filter(state=State.ISSUING).defer("lines")
    return list(rows.order_by("id")[:20])


def lines_of(batch: Batch) -> list[StoredLine]:
    """Read the lines of one batch: a task holds those of one at a time."""
    rows = Batch.objects.filter(pk=batch.pk).values_list("lines", flat=True)
    return rows.get() or []


def issue_all(batch: Batch, progress: Progress | None = None) -> Batch:
    """Issue all lines of the batch; ``progress`` is told how many of how many.

    An interrupted run is continued by the next one. Raises FeatureDisabled while
    vouchers are off; what was issued before stays.
    """
    lines = batch.lines or []
    row = batch
    while row.state == State.ISSUING:
        row = issue_next(row, lines)
        if progress is not None:
            progress(row.issued + len(row.refused), row.count)
    return row


def issue_next(batch: Batch, lines: list[StoredLine]) -> Batch:
    """Issue the next of these lines, which are all of the batch's.

    The lock on the row lets one process at a time do this. When another process went on
    meanwhile, nothing is issued: the people of its next lines are created first.
    """
    known = batch.issued + len(batch.refused)
    _create_people(lines[known : known + LINES_IN_ONE])
    with transaction.atomic():
        pass_fence(None)
        locked = Batch.objects.select_for_update().defer("lines")
        row = locked.get(pk=batch.pk)
        if row.state != State.ISSUING:
            return row
        done = row.issued + len(row.refused)
        if done != known:
            return row
        part = lines[done : done + LINES_IN_ONE]
        if bar := campaigns.bar_of(row.campaign_id):
            return _end_early(row, lines[done:], bar)
        people = Profile.objects.filter(msisdn__in={line["msisdn"] for line in part})
        by_number = {person.msisdn: person for person in people}
        for line, error in zip(part, _issue(row, part, by_number), strict=True):
            if error:
                row.refused = [*row.refused, {"line": line["line"], "error": error}]
            else:
                row.issued += 1
                row.issued_minor += line["minor"]
        changed = ["issued", "issued_minor", "refused"]
        if row.issued + len(row.refused) == row.count:
            row.state, row.lines, row.ended_at = State.DONE, None, timezone.now()
            changed += ["state", "lines", "ended_at"]
        row.save(update_fields=changed)
    return row


def _end_early(row: Batch, rest: list[StoredLine], why: str) -> Batch:
    """End a batch whose campaign ended; what was issued before stays."""
    row.refused = [
        *row.refused,
        *({"line": line["line"], "error": why} for line in rest),
    ]
    row.state, row.lines, row.ended_at = State.DONE, None, timezone.now()
    row.save(update_fields=["refused", "state", "lines", "ended_at"])
    return row


def _create_people(lines: list[StoredLine]) -> None:
    """Create the unknown customers of the lines, in the order of their numbers."""
    names = {line["msisdn"]: line["name"] for line in reversed(lines)}
    known = set(
        Profile.objects.filter(msisdn__in=names).values_list("msisdn", flat=True)
    )
    Profile.objects.bulk_create(
        [
            Profile(msisdn=number, name=names[number])
            for number in sorted(names)
            if number not in known
        ],
        ignore_conflicts=True,
    )


def _issue(
    row: Batch, lines: list[StoredLine], people: dict[str | None, Profile]
) -> list[str]:
    """Issue these lines by one statement; return why each was refused, or nothing."""
    refused = [
        "" if line["msisdn"] in people else "This customer does not exist any more."
        for line in lines
    ]
    asked = [place for place, error in enumerate(refused) if not error]
    orders = [
        Order(
            customer=people[line["msisdn"]],
            amount=Money(line["minor"], row.currency),
            key=line_key(bytes(row.sha256), line["line"]),
            note=line["note"] or row.reason,
            is_approved=row.decided_by_id is not None,
        )
        for line in (lines[place] for place in asked)
    ]
    actor = Actor.system(f"batch:{row.pk}", channel="import")
    errors = issue_vouchers(orders=orders, actor=actor)
    for place, error in zip(asked, errors, strict=True):
        refused[place] = english(error.args[0]) if error else ""
    return refused


_STATES = {
    State.CHECKED: translatable("checked, not confirmed"),
    State.WAITING: translatable("waits for approval"),
    State.ISSUING: translatable("being issued"),
    State.DONE: translatable("issued"),
    State.CANCELLED: translatable("cancelled"),
}
