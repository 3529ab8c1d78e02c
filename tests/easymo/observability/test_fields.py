from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from easymo.observability.fields import scrub_text
from tests.canaries import OPENAI_KEY

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

# The same in every process that collects these tests.
UNSEEN = "10e2ebe8-cfb8-4329-88ae-0dec49360ef9"


@pytest.mark.parametrize("text", ["open.sesame.now", UNSEEN])
def test_scrub_text__seen_before_and_now_a_secret__taken_out(
    settings: SettingsWrapper, text: str
) -> None:
    # Given
    assert scrub_text(text) == text

    # When
    settings.METRICS_TOKEN = text

    # Then
    assert scrub_text(text) == "[secret]"


@pytest.mark.parametrize(
    "text", [OPENAI_KEY.lower(), "whsec_abcdefgh", f"{UNSEEN} +250788123456"]
)
def test_scrub_text__not_the_name_of_a_field__scrubbed(text: str) -> None:
    for _ in range(2):
        assert "[secret]" in scrub_text(text) or "***" in scrub_text(text)
