"""Search what others wrote for an erased person, in bounded batches.

Each batch reads the next rows of one table by primary key, in its own transaction,
together with the search's new position: a crash repeats nothing and skips nothing. The
command that erases runs the search to its end; the worker continues one that was
interrupted. The search words are sealed and are deleted with the last batch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import phonenumbers
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from psycopg import errors

from agents.models import MentionSearch
from easymo import keys
from easymo.observability import upkeep
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchers.models import Erasure

logger = get_logger(__name__)

JOB = "erasure.mentions"
JOBS = (JOB,)
PURPOSE = "erasure-words"
# Rows that one statement reads.
BATCH = 1_000
# Batches in one run of the job: about as long as the pause to the next run.
MOST_BATCHES = 500
# The rounds of a search. The second reads what arrived during the first; the other two
# follow only where raw bodies with a mention were still to be processed.
FIRST, SECOND, PENDING, LAST = 1, 2, 3, 4
# Rows that are still to be processed are looked at again after this time.
PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Searched:
    """A table that holds what people wrote."""

    name: str
    # The searched text, in SQL.
    text: str
    # What the row becomes; empty: it is deleted.
    blank: str = ""
    # Rows that are not blanked yet, because they are still to be processed.
    pending: str = "FALSE"
    is_raw: bool = False

    @property
    def digits(self) -> str:
        """Return the digits of the text, in SQL."""
        text = self.text
        if self.is_raw:
            # Without the escapes of bytes and of JSON.
            text = rf"regexp_replace({text}, '\\(\\u[0-9a-fA-F]{{4}}|[0-7]{{3}})',"
            text += " '', 'g')"
        return f"regexp_replace({text}, '[^0-9]', '', 'g')"


def _raw(name: str, column: str, pending: str = "FALSE") -> Searched:
    escaped = f"coalesce(encode({column}, 'escape'), '')"
    return Searched(name, escaped, f"{column} = NULL", pending, is_raw=True)


# Raw bodies come first: processing one can still write a text.
TABLES = (
    _raw("agents_webhookevent", "body", "state = 'received'"),
    _raw("agents_realtimeevent", "body"),
    _raw("agents_forwardeditem", "content", "state = 'queued'"),
    Searched(
        "agents_message",
        "text || ' ' || detail::text",
        "text = '', detail = '{}', codes_sealed = NULL",
    ),
    Searched("agents_media", "filename", "filename = ''"),
    Searched(
        "agents_outboundmessage",
        "body || ' ' || extra::text || ' ' || errors::text",
        "body = '', extra = '{}', errors = '[]'",
    ),
    Searched("agents_callevent", "text", "text = ''"),
    Searched("agents_turn", "items::text", "items = '[]'"),
    Searched(
        "agents_toolcall",
        "arguments::text || ' ' || coalesce(result::text, '')",
        "arguments = '{}', result = NULL",
    ),
    Searched("agents_pendingaction", "arguments::text", "arguments = '{}'"),
    Searched("agents_conversation", "memory::text", "memory = '{}'"),
    Searched(
        "agents_handoff",
        "reason || ' ' || resolution",
        "reason = '', resolution = ''",
    ),
    Searched("agents_colleagueact", "reason", "reason = ''"),
    Searched(
        "agents_block",
        "reason || ' ' || lift_reason",
        "reason = '—', lift_reason = ''",
    ),
    # Blanked, two disputes would be equal.
    Searched("agents_identityclaim", "number || ' ' || bsuid || ' ' || reason"),
    # The salted hash in the event stays.
    Searched("voucher_note", "text"),
    Searched(
        "authority_change",
        "reason || ' ' || decision_reason",
        "reason = '', decision_reason = ''",
    ),
    Searched(
        "voucher_reversal_request",
        "reason || ' ' || decision_reason",
        "reason = '', decision_reason = ''",
    ),
    Searched(
        "django_admin_log",
        "object_repr || ' ' || change_message",
        "object_repr = '—', change_message = ''",
    ),
)


@dataclass(frozen=True, slots=True)
class Words:
    """What is searched for."""

    # E.164 with "+".
    numbers: tuple[str, ...]
    names: tuple[str, ...]
    # User ids of the channel.
    ids: tuple[str, ...] = ()

    def seal(self, person: int) -> bytes:
        plain = json.dumps([self.numbers, self.names, self.ids]).encode()
        return keys.seal(PURPOSE, plain, context=str(person).encode())

    @classmethod
    def unseal(cls, sealed: bytes, person: int) -> Words:
        plain = keys.unseal(PURPOSE, sealed, context=str(person).encode())
        return cls(*(tuple(part) for part in json.loads(plain)))

    def digits(self) -> list[str]:
        """Return LIKE patterns of the digits that all spellings share."""
        return [f"%{_national(number)}%" for number in self.numbers]

    def texts(self) -> list[str]:
        return [word.lower() for word in (*self.names, *self.ids)]

    def escaped(self) -> list[str]:
        """Return the words as they are, and as JSON spells them."""
        words = (*self.names, *self.ids)
        return sorted({*words, *(json.dumps(word)[1:-1] for word in words)})


def begin(*, erasure: Erasure, words: Words) -> MentionSearch:
    """Store what is to be searched, in the transaction of the erasure."""
    return MentionSearch.objects.create(
        erasure=erasure,
        words_sealed=words.seal(erasure.profile_id),
        goals=_last_rows(),
        barrier=_this_transaction(),
    )


def advance(*, batches: int = MOST_BATCHES) -> int:
    """Continue what was interrupted; return how many rows were blanked."""
    return upkeep.run(JOB, lambda: _advance(batches))


def _advance(batches: int) -> int:
    now = timezone.now()
    due = MentionSearch.objects.filter(
        Q(resume_at=None) | Q(resume_at__lt=now), finished_at=None
    )
    blanked, failed = 0, None
    for pk, before in list(due.order_by("id").values_list("id", "rows_blanked")):
        now_blanked = before
        try:
            for search in run(pk, batches=batches):
                batches -= 1
                now_blanked = search.rows_blanked
        except Exception as error:
            # The other searches still run.
            logger.exception("erasure.search.failed", search_id=pk)
            failed = failed or error
        blanked += now_blanked - before
    if failed is not None:
        raise failed
    return blanked


def run(search_id: int, *, batches: int = MOST_BATCHES) -> Iterator[MentionSearch]:
    """Search batch by batch, and yield the state after each.

    Ends when the search is complete, must wait, or has done this number of batches.
    """
    size = BATCH
    for _ in range(batches):
        try:
            search = _step(search_id, size)
        except OperationalError as error:
            # Very large rows: read fewer of them at once.
            if not isinstance(error.__cause__, errors.QueryCanceled) or size == 1:
                raise
            size = max(1, size // 8)
            continue
        if search is None:
            return
        yield search


@transaction.atomic
def _step(search_id: int, size: int) -> MentionSearch | None:
    """Do one batch; None when the search is complete or must wait."""
    search = (
        MentionSearch.objects.select_for_update(of=("self",), no_key=True)
        .select_related("erasure")
        .get(pk=search_id)
    )
    if search.finished_at is not None or not _has_ended(search.barrier):
        return None
    if search.resume_at is not None and search.resume_at > timezone.now():
        return None
    search.resume_at = None
    for table in TABLES:
        if search.positions.get(table.name, 0) < search.goals.get(table.name, 0):
            _search_rows(search, table, size)
            break
    else:
        _end_round(search)
    search.save()
    return search


def _search_rows(search: MentionSearch, table: Searched, size: int) -> None:
    """Blank the mentions in the next rows of the table."""
    assert search.words_sealed is not None
    words = Words.unseal(bytes(search.words_sealed), search.erasure.profile_id)
    after, goal = search.positions.get(table.name, 0), search.goals[table.name]
    last, count = _next_rows(table.name, after, goal, size)
    if count:
        blanked, waiting = _blank(table, words, after, last)
        search.rows_read += count
        search.rows_blanked += blanked
        if waiting is not None:
            search.waiting.setdefault(table.name, waiting)
    search.positions[table.name] = last if count == size else goal


def _next_rows(table: str, after: int, goal: int, size: int) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(max(id), 0), count(*) FROM (SELECT id FROM {table}"  # noqa: S608
            " WHERE id > %s AND id <= %s ORDER BY id LIMIT %s) AS rows",
            [after, goal, size],
        )
        last, count = cursor.fetchone()
    return last, count


def _blank(
    table: Searched, words: Words, after: int, last: int
) -> tuple[int, int | None]:
    """Blank the mentions; return how many, and the first one that has to wait."""
    spelled, patterns = words.texts(), words.digits()
    found = f"position(word IN lower({table.text})) > 0"
    if table.is_raw:
        spelled = words.escaped()
        found = (
            "position(lower(encode(convert_to(word, 'UTF8'), 'escape'))"
            f" IN lower({table.text})) > 0"
        )
    rows = (
        f"FROM {table.name} WHERE id > %s AND id <= %s AND"
        f" ({table.digits} LIKE ANY(%s::text[])"
        f" OR EXISTS (SELECT FROM unnest(%s::text[]) AS word WHERE {found}))"
    )
    values: list[Any] = [after, last, patterns, spelled]
    ids = f"id IN (SELECT id {rows} AND NOT ({table.pending}))"
    if table.blank:
        change = f"UPDATE {table.name} SET {table.blank} WHERE {ids}"  # noqa: S608
    else:
        change = f"DELETE FROM {table.name} WHERE {ids}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(change, values)
        count = cursor.rowcount
        if table.pending == "FALSE":
            return count, None
        cursor.execute(f"SELECT min(id) {rows} AND ({table.pending})", values)
        return count, cursor.fetchone()[0]


def _end_round(search: MentionSearch) -> None:
    """Begin the next round, or end the search."""
    pending, search.waiting = search.waiting, {}
    if search.round == FIRST:
        search.round, search.goals = SECOND, _last_rows()
        search.positions |= {name: row - 1 for name, row in pending.items()}
        search.barrier = _this_transaction()
    elif pending:
        # No newer raw body is waited for: the search ends when these are processed.
        search.round, search.resume_at = PENDING, timezone.now() + PAUSE
        search.positions |= {name: row - 1 for name, row in pending.items()}
    elif search.round == PENDING:
        # What was processed meanwhile may have become a text.
        raw = {table.name: search.goals[table.name] for table in TABLES if table.is_raw}
        search.round, search.goals = LAST, _last_rows() | raw
        search.barrier = _this_transaction()
    else:
        search.words_sealed, search.finished_at = None, timezone.now()
        logger.info(
            "erasure.search.done",
            profile_id=search.erasure.profile_id,
            blanked=search.rows_blanked,
        )


def _last_rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table.name}', coalesce(max(id), 0) FROM {table.name}"  # noqa: S608
                for table in TABLES
            )
        )
        return dict(cursor.fetchall())


# Of this database only: a snapshot counts the transactions of the whole server.
ALL_HAVE_ENDED = """
SELECT NOT EXISTS (
    SELECT FROM pg_locks held JOIN pg_stat_activity session USING (pid)
     WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock'
       AND held.granted AND session.datname = current_database()
       AND session.pid <> pg_backend_pid()
       AND age(held.transactionid) >= age(%s::text::xid)
)
"""


def _this_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


def _has_ended(barrier: int) -> bool:
    """Tell whether every transaction up to this one has ended."""
    with connection.cursor() as cursor:
        cursor.execute(ALL_HAVE_ENDED, [str(barrier % 2**32)])
        return bool(cursor.fetchone()[0])


def _national(number: str) -> str:
    """Return the digits that all spellings of the number share."""
    digits = str(phonenumbers.parse(number).national_number)
    return digits if len(digits) >= 7 else number.removeprefix("+")
