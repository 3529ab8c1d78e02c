from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import canaries
from tests.agents.cast import make_cast
from tests.rollout.dashboard.test_views import INDEX, press

if TYPE_CHECKING:
    from django.test import Client

    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db


def test_look__a_customers_number__explains_each_feature_and_never_echoes_it(
    odette: Client, switch: Switch
) -> None:
    # Given
    aline = make_cast().aline.profile
    switch(CHAT=True, percent=100)

    # When
    said = press(odette, "look-up", who=aline.msisdn)
    later = odette.get(INDEX).content.decode()
    press(odette, "look-up", who="")
    forgotten = odette.get(INDEX).content.decode()

    # Then
    for page in (said, later):
        assert aline.msisdn not in page
        assert "within the percentage" in page
        assert "+2507***" in page
    assert "within the percentage" not in forgotten
    assert aline.msisdn not in str(dict(odette.session))


def test_look__a_number_nobody_has__is_decided_as_for_a_stranger(
    odette: Client, switch: Switch
) -> None:
    switch(CHAT=True)

    said = press(odette, "look-up", who=canaries.BOSCO.msisdn)

    assert "an unknown person" in said
    assert canaries.BOSCO.msisdn not in said


def test_look__rubbish__says_what_it_understands_and_keeps_looking_at_whom_it_did(
    odette: Client, switch: Switch
) -> None:
    # Given
    switch(CHAT=True)
    press(odette, "look-up", who=make_cast().aline.profile.msisdn)

    # When
    said = press(odette, "look-up", who="<b>the lady from Kimironko</b>")

    # Then
    assert "No person was looked up. That is neither a telephone number" in said
    assert "Kimironko" not in said
    assert "For Customer +2507***" in said
