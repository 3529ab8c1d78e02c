from __future__ import annotations

import pytest

from rollout.core.change_reason import valid_reason
from rollout.core.errors import InvalidReason
from tests import canaries


@pytest.mark.parametrize(
    "personal",
    [canaries.ALINE.msisdn, canaries.ALINE.email, "PIN 48213"],
)
def test_reason__something_personal__is_masked(personal: str) -> None:
    found = valid_reason(f" {personal} wrote to us ")

    assert personal not in found
    assert found.endswith("wrote to us")


def test_reason__made_longer_by_the_masks__still_fits() -> None:
    assert len(valid_reason("a@b.c " * 83)) <= 500


@pytest.mark.parametrize(
    "character",
    [
        *"\u202a\u202b\u202c\u202d\u202e",
        *"\u2066\u2067\u2068\u2069",
        "\u2028",
        "\u2029",
    ],
)
def test_reason__turns_or_breaks_the_line__is_refused(character: str) -> None:
    with pytest.raises(InvalidReason):
        valid_reason(f"all is{character} well")


@pytest.mark.parametrize("reason", ["Byose ni byiza — c'est réglé 🙂", "عاد كل شيء"])
def test_reason__of_any_script__is_taken_as_it_is(reason: str) -> None:
    assert valid_reason(reason) == reason
