"""Nothing that runs often reads more rows because the tables have grown.

The tables hold 20,000 rows each. A statement that reads a bounded number of rows stays
below `MOST`; one that reads a table does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from agents.notifications import voucher_events
from agents.operations import backlog
from easymo.observability import metrics
from tests.backoffice import signed_in
from tests.growth.reading import counted
from vouchers.models import Profile, Voucher, VoucherEvent
from vouchers.services import periodic

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("grown")

MOST = 5_000
VOUCHERS = "/admin/vouchers/voucher/"
PEOPLE = "/admin/vouchers/profile/"
CONVERSATIONS = "/admin/agents/conversation/"


def voucher_public_id() -> str:
    return str(Voucher.objects.latest("id").public_id)


def person_public_id() -> str:
    return str(Profile.objects.latest("id").public_id)


def assert_reads_little(run: Callable[[], Any]) -> Any:
    with counted() as reading:
        result = run()
    assert reading.statements
    assert reading.most < MOST, reading.described()
    return result


@pytest.mark.parametrize(
    "run",
    [
        voucher_events.has_unannounced,
        voucher_events.announce,
        voucher_events.announce_left_behind,
        voucher_events.notify_issuers_of_failures,
        backlog.oldest_waiting,
        backlog.enqueue_waiting,
    ],
    ids=lambda run: run.__name__,
)
def test_periodic__tables_have_grown__reads_little(run: Callable[[], Any]) -> None:
    assert_reads_little(run)


def test_announce__one_event_is_new__reads_little() -> None:
    # Given
    event = VoucherEvent.objects.latest("id")
    voucher_events.Announcement.objects.filter(pk=event.pk).delete()

    # When
    done = assert_reads_little(voucher_events.announce)

    # Then
    assert done == 1


@pytest.mark.parametrize("name", sorted(metrics.collectors()))
def test_metrics__tables_have_grown__reads_little(name: str) -> None:
    assert_reads_little(lambda: list(metrics.collectors()[name]()))


@pytest.mark.parametrize(
    ("page", "asked", "finds"),
    [
        (VOUCHERS, "", "SEED20000"),
        (VOUCHERS, "SEED7", "SEED7"),
        (VOUCHERS, "seed7", "SEED7"),
        (VOUCHERS, "0007", "SEED7"),
        (VOUCHERS, "Number17771", "SEED17771"),
        (VOUCHERS, "Mukamana", "SEED20000"),
        (VOUCHERS, "0788 000 007", "SEED7"),
        (VOUCHERS, voucher_public_id, "SEED20000"),
        (VOUCHERS, "nothing like it", ""),
        (PEOPLE, "", "Number20000"),
        (PEOPLE, "Number17771", "Number17771"),
        (PEOPLE, "number17771 MUKAMANA", "Number17771"),
        (PEOPLE, "0788 000 007", "Number7"),
        (PEOPLE, person_public_id, "Number20000"),
        (PEOPLE, "nothing like it", ""),
        (CONVERSATIONS, "", "Number20000"),
        (CONVERSATIONS, "Number17771", "Number17771"),
        (CONVERSATIONS, "0788 000 007", "Number7"),
    ],
)
def test_page__tables_have_grown__reads_little(
    page: str, asked: Any, finds: str
) -> None:
    # Given
    browser: Client = signed_in("support")
    word = asked() if callable(asked) else asked

    # When
    answer = assert_reads_little(
        lambda: browser.get(page, {"q": word} if word else {})
    )

    # Then
    assert answer.status_code == 200
    assert finds in answer.content.decode()
