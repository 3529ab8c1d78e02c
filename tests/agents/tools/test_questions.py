from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.tools.questions import TOPICS
from tests.agents.tools.conftest import Cast, call

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("near", "stations"),
    [
        (None, ["Kimironko", "Nyabugogo Road"]),
        ("nyabugogo", ["Nyabugogo Road"]),
        # None there: all of them, and the text says so.
        ("Huye", ["Kimironko", "Nyabugogo Road"]),
    ],
)
def test_stations__near_a_place__those_come_from_the_rows(
    cast: Cast, near: str | None, stations: list[str]
) -> None:
    result = call(cast.aline, "list_stations", "where can i use it", near=near)

    assert result.payload["stations"] == stations
    assert all(name in result.payload["display"] for name in stations)


def test_stations__closed_one__is_not_listed(cast: Cast) -> None:
    cast.kimironko.is_active = False
    cast.kimironko.save(update_fields=["is_active"])

    result = call(cast.aline, "list_stations", "where")

    assert result.payload["stations"] == ["Nyabugogo Road"]


@pytest.mark.parametrize("topic", TOPICS)
def test_question__each_topic__has_a_text(
    cast: Cast, switch: Callable[..., None], topic: str
) -> None:
    assert call(cast.aline, "answer_question", "?", topic=topic).succeeded


def test_question__unknown_topic__is_refused(cast: Cast) -> None:
    assert call(cast.aline, "answer_question", "?", topic="x").code == "invalid_request"
