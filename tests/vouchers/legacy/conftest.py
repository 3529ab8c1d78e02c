from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from tests.vouchers.legacy.earlier import Earlier, earlier_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Run = Callable[..., dict[str, Any]]


@pytest.fixture
def schema() -> str:
    return "deployed"


@pytest.fixture
def earlier(committed_db: str, schema: str) -> Iterator[Earlier]:
    with earlier_database(schema) as database:
        yield database


@pytest.fixture
def run(earlier: Earlier) -> Run:
    """Run the command and return its report."""

    def call(*options: str) -> dict[str, Any]:
        out = io.StringIO()
        call_command(
            "import_legacy", "--source", earlier.dsn, "--json", *options, stdout=out
        )
        report: dict[str, Any] = json.loads(out.getvalue())
        return report

    return call


def said(report: dict[str, Any], row_id: str) -> tuple[str, list[str]]:
    """Return outcome and codes of a row."""
    (row,) = (each for each in report["rows"] if each["id"] == row_id)
    return row["outcome"], sorted(note["code"] for note in row["notes"])
