from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from easymo.settings import environment
from easymo.settings.environment import SettingError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that is read as the file of settings."""
    monkeypatch.setenv("SOME_FILE", str(tmp_path / "some.env"))
    # Set and taken away again: what is read is gone after the test.
    monkeypatch.setenv("SOME_SETTING", "")
    monkeypatch.delenv("SOME_SETTING")
    return tmp_path / "some.env"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SOME_SETTING=k1:YWJj+/==   # the key", "k1:YWJj+/=="),
        ("SOME_SETTING = spaced ", "spaced"),
        ("export  SOME_SETTING=yes\r", "yes"),
        ("\ufeffSOME_SETTING=first", "first"),
        ("SOME_SETTING=a#b", "a#b"),
        ("SOME_SETTING= # nothing", ""),
        ("SOME_SETTING='a # b' # say 'c'", "a # b"),
        ('SOME_SETTING="a # b"', "a # b"),
        ("SOME_SETTING='it's'", "it's"),
        ("# a comment\n\n  SOME_SETTING=$5", "$5"),
    ],
)
def test_env_file__form_that_people_write__read(
    file: Path, line: str, value: str
) -> None:
    file.write_text(line, encoding="utf-8")

    environment.env_file("SOME_FILE", file)

    assert os.environ["SOME_SETTING"] == value


def test_env_file__given_to_the_process__wins(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SETTING", "given")
    file.write_text("SOME_SETTING=read")

    environment.env_file("SOME_FILE", file)

    assert os.environ["SOME_SETTING"] == "given"


@pytest.mark.parametrize("line", ["s3cret", "KEY s3cret", "KEY='s3cret", "K-Y=s3cret"])
def test_env_file__line_that_sets_nothing__is_named_and_not_shown(
    file: Path, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    file.write_text(f"SOME_SETTING=1\n{line}\n")

    with pytest.raises(SettingError) as refused:
        environment.env_file("SOME_FILE", file)

    assert str(refused.value) == "The file some.env: line 2 is not NAME=value."
    assert "s3cret" not in "".join(capfd.readouterr())


def test_env_file__named_and_unreadable__is_refused(file: Path) -> None:
    with pytest.raises(SettingError, match=r"some\.env cannot be read"):
        environment.env_file("SOME_FILE", file.parent / ".env")

    file.write_bytes(b"SOME_SETTING=\xff")
    with pytest.raises(SettingError, match=r"some\.env cannot be read"):
        environment.env_file("SOME_FILE", file.parent / ".env")


def test_env_file__none_or_a_folder__nothing_read(tmp_path: Path) -> None:
    environment.env_file("NO_SUCH_NAME", tmp_path / ".env")
    (tmp_path / ".env").mkdir()
    environment.env_file("NO_SUCH_NAME", tmp_path / ".env")
