from __future__ import annotations

import io
import re
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import errors

from agents.models import (
    HandOff,
    MentionSearch,
    Message,
    WebhookEvent,
)
from agents.operations import erasure, mention_search
from easymo.observability.models import UpkeepRun
from tests.agents.operations.test_erasure import dump
from tests.backoffice import signed_in
from vouchers.models import Profile

if TYPE_CHECKING:
    from tests.agents.cast import Cast

from tests.agents.operations.mentions import (
    ABOUT,
    BSUID,
    NAME,
    NOT_ABOUT,
    NUMBER,
    advance,
    erase,
    finish,
    make_named_cast,
    mentions,
    new_event,
    texts_left,
)


@pytest.fixture
def cast(committed_db: str) -> Cast:
    return make_named_cast()


@pytest.mark.parametrize("stop_after", range(1, 9))
def test_run__stopped_between_batches__worker_goes_on_and_reads_each_row_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    # Given
    monkeypatch.setattr(mention_search, "BATCH", 3)
    ids = mentions(cast, 8)
    search = erase(cast)
    rows = sum(row_count(table.name) for table in mention_search.TABLES)

    # When
    steps = list(mention_search.run(search.pk, batches=stop_after))
    advance(search)

    # Then
    assert len(steps) == stop_after
    assert search.finished_at is not None
    assert (search.rows_read, search.rows_blanked) == (rows, 4)
    assert texts_left(ids) == [NOT_ABOUT, ""] * 4
    assert UpkeepRun.objects.get(name=mention_search.JOB).error == ""


def row_count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("crash_at", range(1, 7))
def test_run__crash_within_a_batch__batch_is_undone_and_repeated(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    # Given
    monkeypatch.setattr(mention_search, "BATCH", 3)
    ids = mentions(cast, 8)
    search = erase(cast)
    save, calls = MentionSearch.save, []

    def crash(self: MentionSearch, *args: Any, **kwargs: Any) -> None:
        calls.append(1)
        if len(calls) == crash_at:
            raise RuntimeError
        save(self, *args, **kwargs)

    # When
    with monkeypatch.context() as patch:
        patch.setattr(MentionSearch, "save", crash)
        with pytest.raises(RuntimeError):
            finish(search)
    finish(search)

    # Then
    assert search.rows_blanked == 4
    assert texts_left(ids) == [NOT_ABOUT, ""] * 4


def test_run__two_erasures_by_two_workers_each__all_complete(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(mention_search, "BATCH", 2)
    ids = mentions(cast, 8)
    ids += [cast.diane.writes("for Bosco Habimana").pk for _ in range(8)]
    Profile.objects.filter(pk=cast.bosco.profile.pk).update(name="Bosco Habimana")
    searches = [
        erase(cast),
        erasure.erase_person(
            profile=cast.bosco.profile, reason="The customer asked.", actor="odette"
        ),
    ]
    failed: list[Exception] = []

    def work(pk: int) -> None:
        try:
            for _ in mention_search.run(pk, batches=10_000):
                pass
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)
        finally:
            connection.close()

    # When
    threads = [
        threading.Thread(target=work, args=[search.pk])
        for search in searches
        if search is not None
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mention_search.advance()

    # Then
    assert failed == []
    assert MentionSearch.objects.filter(finished_at=None).count() == 0
    # Bosco's own messages went with him.
    assert texts_left(ids) == [""] * 16


def test_run__message_during_the_first_round__blanked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(mention_search, "BATCH", 1)
    mentions(cast, 4)
    search = erase(cast)
    late: list[int] = []

    # When
    for now in mention_search.run(search.pk, batches=10_000):
        if now.round == 1 and now.percent > 50:
            late += [cast.bosco.writes(ABOUT["number"]).pk]

    # Then
    assert late != []
    assert set(texts_left(late)) == {""}


def test_run__message_committed_after_the_erasure__waited_for_and_blanked(
    cast: Cast, committed_db: str
) -> None:
    # Given
    with psycopg.connect(committed_db) as other:
        other.execute(
            "INSERT INTO agents_handoff (kind, profile_id, reason, opened_at,"
            " closed_by, resolution) VALUES ('asked', %s, %s, now(), '', '')",
            [cast.bosco.profile.pk, ABOUT["name"]],
        )
        search = finish(erase(cast))
        while_open = search.finished_at
        other.commit()

    # When
    advance(search)

    # Then
    assert while_open is None
    assert HandOff.objects.get(profile=cast.bosco.profile).reason == ""
    assert search.finished_at is not None


def test_run__raw_body_still_to_be_processed__waited_for_then_blanked(
    cast: Cast,
) -> None:
    # Given
    waiting = new_event(ABOUT["number"], state="received")
    other = new_event(NOT_ABOUT, state="received")

    # When
    search = finish(erase(cast))
    before = WebhookEvent.objects.get(pk=waiting.pk).body
    unfinished = search.finished_at
    WebhookEvent.objects.filter(pk=waiting.pk).update(state="done")
    cast.bosco.writes(ABOUT["name"])
    MentionSearch.objects.update(resume_at=timezone.now() - timedelta(seconds=1))
    advance(search)

    # Then
    assert before is not None
    assert unfinished is None
    assert WebhookEvent.objects.get(pk=waiting.pk).body is None
    assert WebhookEvent.objects.get(pk=other.pk).body is not None
    assert Message.objects.get().text == ""
    assert search.finished_at is not None


@pytest.mark.parametrize("finished", [True, False])
def test_words__kept_after_the_end_or_lost_before__database_refuses(
    cast: Cast, finished: bool
) -> None:
    # Given
    search = erase(cast)
    wrong = {"finished_at": timezone.now()} if finished else {"words_sealed": None}

    # When
    with pytest.raises(IntegrityError, match="words_until_complete"):
        MentionSearch.objects.filter(pk=search.pk).update(**wrong)


def test_words__while_the_search_runs__are_not_readable(
    cast: Cast, committed_db: str
) -> None:
    # When
    search = erase(cast)

    # Then
    left = dump(committed_db)
    assert [word for word in (NAME, NUMBER[1:], BSUID) if word in left] == []
    assert bytes(search.words_sealed or b"").find(NAME.encode()) == -1


def test_statements__each__read_at_most_a_batch_by_primary_key(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(mention_search, "BATCH", 5)
    mentions(cast, 23)

    # When
    with CaptureQueriesContext(connection) as locked:
        search = erase(cast)
    with CaptureQueriesContext(connection) as searched:
        finish(search)

    # Then
    whole = r"regexp_replace|position\(|LIKE|encode\("
    assert [each["sql"] for each in locked if re.search(whole, each["sql"])] == []
    ranges = [
        (
            each["sql"],
            re.search(r"FROM (\w+) WHERE id > (\d+) AND id <= (\d+)", each["sql"]),
        )
        for each in searched
        if re.search(whole, each["sql"])
    ]
    assert len(ranges) > 5
    for statement, found in ranges:
        assert found is not None, statement
        table, after, last = found.groups()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM {table} WHERE id > {after} AND id <= {last}"
            )
            assert cursor.fetchone()[0] <= 5
            with transaction.atomic():
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute(f"EXPLAIN {statement}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
        assert f"Seq Scan on {table}" not in plan


def test_run__statement_over_its_time__smaller_batches(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    ids = mentions(cast, 8)
    search = erase(cast)
    blank = mention_search._blank

    def slow(table: Any, words: Any, after: int, last: int) -> Any:
        rows = Message.objects.filter(pk__gt=after, pk__lte=last).count()
        if table.name == "agents_message" and rows > 1:
            raise OperationalError from errors.QueryCanceled()
        return blank(table, words, after, last)

    monkeypatch.setattr(mention_search, "_blank", slow)

    # When
    finish(search)

    # Then
    assert search.finished_at is not None
    assert texts_left(ids) == [NOT_ABOUT, ""] * 4


def test_advance__one_search_fails__the_others_go_on(cast: Cast) -> None:
    # Given
    broken = erase(cast)
    MentionSearch.objects.filter(pk=broken.pk).update(words_sealed=b"lost:" + b"x" * 40)
    other = erasure.erase_person(
        profile=cast.bosco.profile, reason="The customer asked.", actor="odette"
    )
    cast.diane.writes("hello")

    # When
    with pytest.raises(Exception, match="a key we do not hold"):
        mention_search.advance()

    # Then
    assert other is not None
    other.refresh_from_db()
    assert other.finished_at is not None
    assert UpkeepRun.objects.get(name=mention_search.JOB).error == "KeyRingError"


def test_command__search__shows_how_far_it_is(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(mention_search, "BATCH", 2)
    mentions(cast, 20)
    out = io.StringIO()

    # When
    call_command("profile", "erase", NUMBER, "--reason", "They asked.", stdout=out)

    # Then
    told = [int(each) for each in re.findall(r"^(\d+) %", out.getvalue(), re.MULTILINE)]
    assert len(told) > 5
    assert told == sorted(set(told))
    assert told[-1] == 100
    assert "Nothing of this person is left." in out.getvalue()


def test_page__search_under_way__shows_how_far_it_is(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(mention_search, "BATCH", 2)
    mentions(cast, 20)
    search = erase(cast)
    [*_, now] = mention_search.run(search.pk, batches=12)

    # When
    viewer = signed_in("viewer")
    pages = [
        viewer.get("/admin/agents/mentionsearch/").content.decode(),
        viewer.get(f"/admin/agents/mentionsearch/{search.pk}/change/").content.decode(),
    ]

    # Then
    assert 0 < now.percent < 99
    for page in pages:
        assert f"{now.percent} %" in page
        assert f"Forgotten person {cast.aline.profile.pk}" in page
