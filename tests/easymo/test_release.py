from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from easymo import release

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "easymo").mkdir()
    (tmp_path / "easymo/a.py").write_text("a = 1\n")
    (tmp_path / "manage.py").write_text("pass\n")
    return tmp_path


def test_current__unnamed__version_and_fingerprint(settings: SettingsWrapper) -> None:
    settings.RELEASE = ""

    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{12}", release.current())


def test_current__named__its_name(settings: SettingsWrapper) -> None:
    settings.RELEASE = "2026.11.22"

    assert release.current() == "2026.11.22"


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        (lambda tree: (tree / "easymo/a.py").write_text("a = 2\n"), True),
        (lambda tree: (tree / "easymo/b.html").write_text("b"), True),
        (lambda tree: (tree / "easymo/a.py").rename(tree / "easymo/c.py"), True),
        (lambda tree: (tree / "manage.py").unlink(), True),
        (lambda tree: (tree / "notes.txt").write_text("not deployed"), False),
        (lambda tree: (tree / "easymo/__pycache__").mkdir(), False),
    ],
)
def test_fingerprint__a_change__tells(
    tree: Path, change: object, is_another: bool
) -> None:
    before = release.fingerprint_of(tree)

    change(tree)  # type: ignore[operator]

    assert (release.fingerprint_of(tree) != before) is is_another


def test_record__written__is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "var/checked.json"

    release.write_record(path, passed=("lint", "tests"))

    record = release.read_record(path)
    assert record is not None
    assert record.passed == ("lint", "tests")
    assert record.fingerprint == release.fingerprint()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"at": "x"}', "null"])
def test_record__nonsense__is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "checked.json"
    path.write_text(content)

    assert release.read_record(path) is None
    assert release.read_record(tmp_path / "nothing") is None
