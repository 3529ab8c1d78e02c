from __future__ import annotations

import base64
import os
import stat
from pathlib import Path  # noqa: TC003

import pytest

from easymo.settings import demonstration, environment
from easymo.settings.environment import SettingError

GOOD_KEY = base64.b64encode(b"0" * 32).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("ON", True), ("1", True), ("false", False), ("0", False)],
)
def test_env_bool__known_words__read(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: bool
) -> None:
    monkeypatch.setenv("SOME_SETTING", text)

    assert environment.env_bool("SOME_SETTING", default=not expected) is expected


def test_env_bool__empty__is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SETTING", "  ")

    assert environment.env_bool("SOME_SETTING", default=True) is True


def test_env_bool__nonsense__is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_SETTING", "flase")

    with pytest.raises(SettingError, match=r"^SOME_SETTING must be true or false\.$"):
        environment.env_bool("SOME_SETTING")


@pytest.mark.parametrize("text", ["ten", "1e4", "1_000", "١٠", "1.0", "-1", "99999"])
def test_env_int__nonsense_or_out_of_bounds__is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SOME_SETTING", text)

    with pytest.raises(SettingError, match="SOME_SETTING must be a whole number"):
        environment.env_int("SOME_SETTING", 5, least=0, most=100)


@pytest.mark.parametrize("text", ["nan", "inf", "-3", "soon"])
def test_env_float__nonsense__is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SOME_SETTING", text)

    with pytest.raises(SettingError, match="SOME_SETTING must be a number"):
        environment.env_float("SOME_SETTING", 5, least=0, most=100)


@pytest.mark.parametrize(
    "text", ["ftp://h", "h:80", "https://", "https://h/x y", "https://u:p@h"]
)
def test_env_url__no_address__is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SOME_SETTING", text)

    with pytest.raises(SettingError, match="SOME_SETTING must be an address"):
        environment.env_url("SOME_SETTING")


@pytest.mark.parametrize(
    "text", ["nonsense", "https://me/1", "https://me@sentry", "https://me@sentry/x"]
)
def test_env_dsn__no_dsn__is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SOME_SETTING", text)

    with pytest.raises(SettingError, match="SOME_SETTING must look like") as refused:
        environment.env_dsn("SOME_SETTING")

    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "https://key@o1.ingest.sentry.io/42", "http://k:s@127.0.0.1:9000/a/1"]
)
def test_env_dsn__as_sentry_gives_it__is_taken(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SOME_SETTING", text)

    assert environment.env_dsn("SOME_SETTING") == text


def test_env_secret__from_a_file__is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(file))

    assert environment.env_secret("SOME_SECRET") == "from the file"


def test_env_secret__both_ways_or_no_file__is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "absent"))
    with pytest.raises(SettingError, match="cannot be read"):
        environment.env_secret("SOME_SECRET")

    (tmp_path / "absent").write_text(" \n")
    with pytest.raises(SettingError, match="names an empty file"):
        environment.env_secret("SOME_SECRET")

    monkeypatch.setenv("SOME_SECRET", "given")
    with pytest.raises(SettingError, match="not both"):
        environment.env_secret("SOME_SECRET")


def test_parse_keys__several__the_first_comes_first() -> None:
    urlsafe = base64.urlsafe_b64encode(b"\xff" * 32).decode()

    found = environment.parse_keys(f"k2:{urlsafe}, k1:{GOOD_KEY},")

    assert list(found) == ["k2", "k1"]
    assert found["k2"] == b"\xff" * 32


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD_KEY, "key 1 must look like id:base64"),
        (f"a b:{GOOD_KEY}", "key 1 must look like id:base64"),
        (f"k1:{GOOD_KEY},k1:{GOOD_KEY}", "names the id 'k1' twice"),
        (f"k1:{GOOD_KEY},k2:not base64!", "key 2 is not base64"),
        ("k1:" + base64.b64encode(b"short").decode(), "fewer than 32 bytes"),
    ],
)
def test_parse_keys__nonsense__is_refused(text: str, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint) as refusal:
        environment.parse_keys(text)

    assert GOOD_KEY not in str(refusal.value)


def test_demonstration_secrets__made_once__kept_for_their_owner(
    tmp_path: Path,
) -> None:
    first = demonstration.demonstration_secrets(tmp_path / "var")
    second = demonstration.demonstration_secrets(tmp_path / "var")

    assert first == second
    assert environment.parse_keys(first["EASYMO_KEYS"])
    file = tmp_path / "var" / demonstration.NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path / "var") == [demonstration.NAME]  # noqa: PTH208


def test_demonstration_secrets__no_folder_to_write__is_a_sentence(
    tmp_path: Path,
) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")

    with pytest.raises(SettingError, match="nothing can be kept in"):
        demonstration.demonstration_secrets(tmp_path / "var")


def test_demonstration_secrets__damaged__is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / demonstration.NAME).write_text("{")

    with pytest.raises(SettingError, match="is damaged"):
        demonstration.demonstration_secrets(tmp_path)
