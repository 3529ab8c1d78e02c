"""docs/security-tests.md names, for each attempt, tests that exist."""

from __future__ import annotations

import re

from tests.processes import ROOT

ROWS = re.findall(
    r"^\| (S\d\d) \|.* \| (.*) \|$",
    (ROOT / "docs/security-tests.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_table__each_attempt__is_in_it_once() -> None:
    assert [number for number, _ in ROWS] == [f"S{n:02}" for n in range(1, 94)]


def test_table__each_row__names_a_test_or_the_room_it_waits_for() -> None:
    for number, covered in ROWS:
        assert "tests/" in covered or "waits for its room" in covered, number


def test_table__each_test_named__exists() -> None:
    for number, covered in ROWS:
        folder = ROOT
        for named in re.findall(r"`([\w/]+(?:\.py)?)`", covered):
            if named.startswith(("tests/", "easymo/", "agents/")):
                assert (ROOT / named).exists(), f"{number}: {named}"
                folder = (ROOT / named).parent
            elif named.endswith(".py"):
                assert (folder / named).exists(), f"{number}: {named}"
