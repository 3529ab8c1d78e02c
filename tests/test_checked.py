"""What `make check` writes down at its end."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest

from easymo import release
from tests.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, writing elsewhere: a check may be under way here."""
    place = ROOT / "scripts" / "checked.py"
    spec = importlib.util.spec_from_file_location("checked", place)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "RECORD", tmp_path / "checked.json")
    monkeypatch.setattr(script, "BEGUN", tmp_path / "begun.json")
    monkeypatch.setattr(release, "BASE_DIR", tmp_path)
    (tmp_path / "manage.py").write_text("1")
    return script


def run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["checked.py", *arguments])
    script.main()


def test_checked__nothing_changed__written_down(
    checked: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(checked, monkeypatch, "begin")
    assert release.read_record(checked.RECORD) is None

    run(checked, monkeypatch, "end")

    record = release.read_record(checked.RECORD)
    assert record is not None
    assert record.fingerprint == release.fingerprint_of(tmp_path)
    assert set(record.passed) == {"lint", "types", "build", "tests"}


def test_checked__a_file_changed_meanwhile__nothing_written(
    checked: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(checked, monkeypatch, "begin")
    (tmp_path / "manage.py").write_text("2")

    run(checked, monkeypatch, "end")

    assert not checked.RECORD.exists()


def test_checked__begun_anew__the_earlier_record_is_gone(
    checked: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that fails half-way leaves no word that it passed."""
    run(checked, monkeypatch, "begin")
    run(checked, monkeypatch, "end")

    run(checked, monkeypatch, "begin")

    assert not checked.RECORD.exists()


def test_checked__never_begun__nothing_written(
    checked: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(checked, monkeypatch, "end")

    assert not checked.RECORD.exists()
