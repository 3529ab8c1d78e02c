"""A scrape reads no more rows in a grown database, whichever process answers it."""

from __future__ import annotations

import pytest

from agents.operations.metrics import CONVERSATIONS, TOOL_CALLS, TURNS
from easymo.observability import metrics, tallies
from rollout.operations.conversation_metrics import OBSERVATIONS
from tests.growth.reading import assert_reads_little
from tests.growth.seeding import MANY

pytestmark = pytest.mark.usefixtures("grown")


@pytest.mark.parametrize("name", sorted(metrics.collectors()))
def test_collect__sums_are_stored__reads_little(name: str) -> None:
    # Given
    tallies.fold_all()
    collect = metrics.collectors()[name]

    # When, then
    assert_reads_little(lambda: list(collect()))


def test_fold_all__nothing_new__reads_little() -> None:
    tallies.fold_all()
    assert_reads_little(tallies.fold_all)


@pytest.mark.parametrize(
    "tally",
    [TURNS, CONVERSATIONS, TOOL_CALLS, OBSERVATIONS],
    ids=lambda tally: tally.name,
)
def test_read__grown_table__counts_every_row(tally: tallies.Tally) -> None:
    assert sum(numbers[0] for numbers in tally.read().values()) == MANY
