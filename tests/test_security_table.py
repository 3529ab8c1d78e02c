"""The table in docs/security-tests.md names existing tests for each attack."""

from __future__ import annotations

import re

from tests.processes import ROOT

ROWS = re.findall(
    r"^\| (S\d\d) \|.* \| (.*) \|$",
    (ROOT / "docs/security-tests.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_table__each_attack__is_listed_once() -> None:
    assert [number for number, _ in ROWS] == [f"S{n:02}" for n in range(1, 94)]


def test_table__each_row__names_a_test_or_what_is_missing() -> None:
    for number, covered in ROWS:
        assert "tests/" in covered or "not implemented (" in covered, number


def test_table__each_test_named__exists() -> None:
    for number, covered in ROWS:
        folder = ROOT
        for named in re.findall(r"`([\w/]+(?:\.py)?)`", covered):
            if named.startswith(("tests/", "easymo/", "agents/")):
                assert (ROOT / named).exists(), f"{number}: {named}"
                folder = (ROOT / named).parent
            elif named.endswith(".py"):
                assert (folder / named).exists(), f"{number}: {named}"
