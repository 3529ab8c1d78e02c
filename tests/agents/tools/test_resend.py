from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.models import IdentityClaim
from tests.agents.tools.conftest import Cast, call, context_of, written
from vouchers.actors import OWNER
from vouchers.services import envelopes

if TYPE_CHECKING:
    from agents.tools.base import ToolResult
    from vouchers.models import Voucher

pytestmark = pytest.mark.django_db


@pytest.fixture
def voucher(cast: Cast) -> Voucher:
    return cast.issue(cast.aline).voucher


def press(cast: Cast, voucher: Voucher, key: str) -> ToolResult:
    from dataclasses import replace

    from agents.tools import registry

    context = replace(context_of(cast.aline), turn_key=key)
    arguments = {"voucher": voucher.reference}
    return registry.execute("resend_code", arguments, context, confirmed=True)


def test_resend__without_the_button__asks_and_changes_nothing(
    cast: Cast, voucher: Voucher
) -> None:
    before = written()

    result = call(cast.aline, "resend_code", "i lost my code")

    assert result.code == "confirmation_needed"
    assert result.pending is not None
    assert result.pending.arguments == {"voucher": voucher.reference}
    assert written() == before


def test_resend__button__replaces_the_code_and_shows_it_once(
    cast: Cast, voucher: Voucher
) -> None:
    former = envelopes.read(voucher)

    result = press(cast, voucher, "confirm:1")

    voucher.refresh_from_db()
    event = voucher.events.get(kind="code_rotated")
    assert result.succeeded
    assert f"{{code:{voucher.public_id}}}" in result.payload["display"]
    assert envelopes.read(voucher) not in {None, former}
    assert event.actor_id == f"{OWNER}{cast.aline.pk}"


def test_resend__fourth_of_a_day__is_refused(cast: Cast, voucher: Voucher) -> None:
    for number in range(3):
        assert press(cast, voucher, f"confirm:{number}").succeeded

    result = press(cast, voucher, "confirm:3")

    assert result.code == "resend_limit"
    assert voucher.events.filter(kind="code_rotated").count() == 3


def test_resend__voucher_of_another_person__is_not_found(
    cast: Cast, voucher: Voucher
) -> None:
    other = cast.issue(cast.bosco).voucher
    before = written()

    result = call(cast.aline, "resend_code", "code", voucher=other.reference)

    assert result.code == "voucher_not_found"
    assert written() == before


@pytest.mark.parametrize("side", ["profile", "other"])
def test_resend__identity_disputed__is_refused(
    cast: Cast, voucher: Voucher, side: str
) -> None:
    people = {"profile": cast.diane, "other": cast.diane} | {side: cast.aline}
    IdentityClaim.objects.create(kind="other_id", bsuid="x", **people)
    before = written()

    result = press(cast, voucher, "confirm:1")

    assert result.code == "unverified"
    assert written() == before
