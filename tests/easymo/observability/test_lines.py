from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
import structlog
from django.db import connection, transaction
from django.utils import timezone

from easymo import keys
from easymo.observability import correlation, lines
from easymo.observability.logs import get_logger
from easymo.observability.models import LogLine
from tests.canaries import ALINE

logger = get_logger("tests.lines")


@pytest.fixture
def kept(committed_db: str, settings: Any) -> Any:
    structlog.contextvars.clear_contextvars()
    settings.LOG_LINES_KEPT = True
    yield
    assert lines.flush(60)
    settings.LOG_LINES_KEPT = False


def test_kept_lines__with_a_cause__are_written_scrubbed(kept: None) -> None:
    # When
    with correlation.bound() as cause:
        logger.warning("voucher.issued", voucher_id=7, msisdn=ALINE.msisdn)
    logger.warning("no.cause")
    assert lines.flush(60)

    # Then
    line = LogLine.objects.get()
    assert (line.correlation_id, line.level) == (cause, "warning")
    assert (line.event, line.at <= timezone.now()) == ("voucher.issued", True)
    assert line.fields == {
        "logger": "tests.lines",
        "voucher_id": 7,
        "msisdn": "+2507***456",
    }


def test_kept_lines__caller_rolls_back__stay(kept: None) -> None:
    with correlation.bound(), transaction.atomic():
        logger.warning("refused")
        transaction.set_rollback(True)
    assert lines.flush(60)
    assert LogLine.objects.get().event == "refused"


def test_kept_lines__caller_holds_the_table__does_not_wait(kept: None) -> None:
    # Given
    with correlation.bound(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {LogLine._meta.db_table} IN EXCLUSIVE MODE")

        # When
        worker = threading.Thread(target=logger.warning, args=("while.locked",))
        worker.start()
        worker.join(60)

        # Then
        assert not worker.is_alive()


def test_kept_lines__queue_full__drops_and_goes_on(
    kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    writer = lines._writer()
    monkeypatch.setattr(writer._lines, "maxsize", 1)

    # When
    with correlation.bound():
        for number in range(50):
            logger.warning("many", number=number)
    assert lines.flush(60)

    # Then
    assert 1 <= LogLine.objects.count() < 50


def test_kept_lines__setting_off__writes_nothing(committed_db: str) -> None:
    with correlation.bound():
        logger.warning("not.kept")
    assert lines.flush(60)
    assert LogLine.objects.count() == 0


@pytest.mark.django_db
def test_purge__older_than_a_day__goes_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    monkeypatch.setattr(lines, "MOST_PURGED", 2)
    for hours in (23, 25, 26, 27):
        LogLine.objects.create(
            correlation_id=uuid.uuid4(),
            at=timezone.now() - timedelta(hours=hours),
            level="info",
            event=f"{hours}",
        )

    # When
    assert lines.purge() == 3

    # Then
    assert LogLine.objects.get().event == "23"


def test_kept_lines__no_simulator__kept_for_a_marked_cause_only(
    kept: None, settings: Any
) -> None:
    # Given
    settings.LOG_LINES_KEPT = False
    ours = keys.make_marked_id(lines.MARK)

    # When
    for cause in (ours, keys.make_marked_id("another purpose"), uuid.uuid4()):
        with correlation.bound(cause):
            logger.warning("voucher.issued", msisdn=ALINE.msisdn)
    assert lines.flush(60)

    # Then
    assert LogLine.objects.get().correlation_id == ours
