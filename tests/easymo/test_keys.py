from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING

from easymo import keys
from easymo.settings.environment import parse_keys

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

OTHER = "k2:" + base64.b64encode(b"o" * 32).decode()


def test_make__any__is_a_uuid_of_our_own() -> None:
    made = keys.make_marked_id("probe")

    assert made.version == 8
    assert made.variant == uuid.RFC_4122
    assert keys.is_marked("probe", made)
    assert keys.is_marked("probe", str(made))
    assert keys.make_marked_id("probe") != made


def test_make__same_seed__same_id() -> None:
    assert keys.make_marked_id("probe", b"a") == keys.make_marked_id("probe", b"a")
    assert keys.make_marked_id("probe", b"a") != keys.make_marked_id("probe", b"b")
    assert keys.is_marked("probe", keys.make_marked_id("probe", b"a"))


def test_is_ours__another_purpose__refused() -> None:
    assert not keys.is_marked("kept-lines", keys.make_marked_id("probe"))


def test_is_ours__altered__refused() -> None:
    text = str(keys.make_marked_id("probe"))
    last = "0" if text[-1] != "0" else "1"
    assert not keys.is_marked("probe", text[:-1] + last)


def test_is_ours__anything_else__refused() -> None:
    version_8 = "0190163d-8694-839b-aea5-966c26f8ad91"
    for text in (
        None,
        "",
        "x" * 36,
        str(uuid.uuid4()),
        version_8,
        version_8[:-1] + "g",
    ):
        assert not keys.is_marked("probe", text)


def test_is_ours__keys_changed__known_while_the_old_one_reads(
    settings: SettingsWrapper,
) -> None:
    # Given
    made = keys.make_marked_id("probe")
    both = {**parse_keys(OTHER), **settings.EASYMO_KEYS}

    # Then
    settings.EASYMO_KEYS = both
    assert keys.is_marked("probe", made)
    settings.EASYMO_KEYS = parse_keys(OTHER)
    assert not keys.is_marked("probe", made)
