"""What the inbox shows: bounded reads, whatever the number of conversations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, Subquery

from agents.core.handoffs import DECIDED_ELSEWHERE
from agents.language.choice import DEFAULT
from agents.models import HandOff, InboxEntry, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from agents.models import Conversation

ALL, WAITING, MINE = "all", "waiting", "mine"
UNREAD, UNASSIGNED = "unread", "unassigned"
PAGE = 50
# Of more conversations that a search found, the newest.
SEARCHED = 500
# The count in the menu ends here.
MOST_COUNTED = 100
# What can change in a thread: newest rows and the states of the last messages.
VERSION = """
SELECT (SELECT max(id) FROM agents_colleagueact WHERE conversation_id = %(chat)s),
       (SELECT string_agg(id || state || left(md5(text), 6), ' ') FROM (
            SELECT id, state, text FROM agents_message
             WHERE conversation_id = %(chat)s ORDER BY id DESC LIMIT 20) messages),
       (SELECT string_agg(id || state, ' ') FROM (
            SELECT id, state FROM agents_outboundmessage
             WHERE conversation_id = %(chat)s
             ORDER BY created_at DESC LIMIT 20) outbound),
       (SELECT string_agg(id || status || seq, ' ') FROM (
            SELECT id, status, seq FROM vouchers WHERE owner_id = %(owner)s
             ORDER BY id DESC LIMIT 20) owned)
"""


@dataclass(frozen=True)
class Page:
    """Some rows of the list, and where the next ones begin."""

    rows: list[Any]
    # The last conversation of this page; None: there are no more.
    after: int | None

    def version(self) -> str:
        """Return a text that is another one when the rows changed."""
        return digest(
            [
                (row.pk, row.waiting_since, row.assignee_id, is_unread(row), row.reason)
                for row in self.rows
            ]
        )


def entries(
    *,
    shown: str = ALL,
    user: User,
    language: str = "",
    kind: str = "",
    among: Sequence[int] | None = None,
    after: int = 0,
) -> Page:
    """Return the next rows: waiting first, the longest first, then the others."""
    rows = _filtered(shown, user, language, kind)
    if among is not None:
        return _among(rows, among, shown, after)
    last = InboxEntry.objects.filter(pk=after).first() if after else None
    found: list[Any] = []
    if last is None or last.waiting_since is not None:
        waiting = rows.filter(waiting_since__isnull=False)
        if last is not None:
            # The range of the index, then the rest of one instant.
            waiting = waiting.filter(waiting_since__gte=last.waiting_since).exclude(
                waiting_since=last.waiting_since, pk__lte=last.pk
            )
        found += _shown(waiting.order_by("waiting_since", "pk"), PAGE + 1)
    if shown != WAITING and len(found) <= PAGE:
        others = rows.filter(waiting_since=None).order_by("pk")
        if last is not None and last.waiting_since is None:
            others = others.filter(pk__gt=last.pk)
        found += _shown(others, PAGE + 1 - len(found))
    more = len(found) > PAGE
    found = found[:PAGE]
    return Page(found, found[-1].pk if more else None)


def _filtered(shown: str, user: User, language: str, kind: str) -> QuerySet[InboxEntry]:
    """Return the entries of a filter, of a customer's language and of a reason."""
    rows = InboxEntry.objects.all()
    if shown == MINE:
        rows = rows.filter(assignee=user)
    elif shown == UNASSIGNED:
        rows = rows.filter(assignee=None)
    elif shown == UNREAD:
        last = F("conversation__last_inbound_at")
        rows = rows.filter(
            Q(read_at=None) | Q(read_at__lt=last),
            conversation__last_inbound_at__isnull=False,
        )
    if language:
        chat, person = "conversation__language", "conversation__profile__language"
        own = Q(**{chat: language}) | Q(**{chat: "", person: language})
        if language == DEFAULT:
            own |= Q(**{chat: "", person: ""})
        rows = rows.filter(own)
    if kind:
        tasks = HandOff.objects.filter(
            conversation=OuterRef("pk"), closed_at=None, kind=kind
        )
        rows = rows.filter(Exists(tasks))
    return rows


def _among(
    rows: QuerySet[InboxEntry], keys: Sequence[int], shown: str, after: int
) -> Page:
    """Return those of these conversations: found by their keys and put in order here."""
    found = dict(rows.filter(pk__in=keys[:SEARCHED]).values_list("pk", "waiting_since"))
    waiting = sorted((since, pk) for pk, since in found.items() if since is not None)
    ordered = [pk for _, pk in waiting]
    if shown != WAITING:
        ordered += sorted(pk for pk, since in found.items() if since is None)
    first = ordered.index(after) + 1 if after in ordered else 0
    page = ordered[first : first + PAGE]
    read = {row.pk: row for row in _shown(rows.filter(pk__in=page), PAGE)}
    more = len(ordered) > first + PAGE
    return Page([read[pk] for pk in page if pk in read], page[-1] if more else None)


def waiting_count() -> int:
    """Count the conversations that wait, at most to `MOST_COUNTED`."""
    rows = InboxEntry.objects.filter(waiting_since__isnull=False)
    return rows.order_by("waiting_since")[:MOST_COUNTED].count()


def is_unread(row: InboxEntry) -> bool:
    """Tell whether the customer wrote after a colleague last looked."""
    last = row.conversation.last_inbound_at
    return last is not None and (row.read_at is None or row.read_at < last)


def thread_version(conversation: Conversation) -> str:
    """Return a text that is another one when the thread changed; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            VERSION, {"chat": conversation.pk, "owner": conversation.profile_id}
        )
        return digest(cursor.fetchone())


def _shown(rows: QuerySet[InboxEntry], limit: int) -> list[Any]:
    tasks = HandOff.objects.filter(conversation=OuterRef("pk"), closed_at=None).exclude(
        kind__in=DECIDED_ELSEWHERE
    )
    said = Message.objects.filter(conversation=OuterRef("pk")).order_by("-id")
    found = rows.select_related("conversation__profile", "assignee").annotate(
        kind=Subquery(tasks.order_by("id").values("kind")[:1]),
        reason=Subquery(tasks.order_by("id").values("reason")[:1]),
        last_text=Subquery(said.values("text")[:1]),
        paused=F("conversation__paused_at"),
    )
    return list(found[:limit])


def digest(value: object) -> str:
    """Return a short text that is another one when the value is."""
    return hashlib.blake2b(repr(value).encode(), digest_size=8).hexdigest()
