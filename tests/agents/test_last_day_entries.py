"""The last day of a voucher at every entry: chat, API, back office, SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from agents.models import ToolRate
from tests.agents.api.conftest import api  # noqa: F401
from tests.agents.tools.conftest import call, cast  # noqa: F401
from tests.backoffice import signed_in
from tests.vouchers.database_clock import database_clock
from vouchers.actors import Actor
from vouchers.errors import VoucherExpired
from vouchers.services.rotate import rotate_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agents.api.conftest import Api
    from tests.agents.tools.conftest import Cast
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db
KIGALI = ZoneInfo("Africa/Kigali")
ISSUED_AT = datetime(2026, 8, 31, 1, 30, tzinfo=KIGALI)
LAST = datetime(2026, 11, 29, 23, 59, 59, 999_999, tzinfo=KIGALI)
OVER = LAST + timedelta(microseconds=1)
REDEEM = """
SELECT (voucher_redeem(%s, %s, NULL, %s,
    ROW('system', 'tests', 'system', NULL, true, NULL, %s, sha256('x'))::voucher_cause
)).outcome
"""


def digits(issued: Issued) -> str:
    assert issued.code
    return issued.code.digits


def redeem_by_button(cast: Cast, issued: Issued) -> str:  # noqa: F811
    wanted = {"voucher": issued.voucher.reference, "station": "Kimironko"}
    return call(cast.aline, "redeem_voucher", confirmed=True, **wanted).code


def ask_to_redeem(cast: Cast, issued: Issued) -> str:  # noqa: F811
    wanted = {"voucher": issued.voucher.reference, "station": "Kimironko"}
    return call(cast.aline, "redeem_voucher", **wanted).code


def redeem_the_only_one(cast: Cast, _issued: Issued) -> str:  # noqa: F811
    return call(cast.aline, "redeem_voucher", station="Kimironko").code


def redeem_a_code(cast: Cast, issued: Issued) -> str:  # noqa: F811
    words = f"redeem {digits(issued)}"
    wanted = {"voucher": "[code 1]", "confirmed": True}
    return call(cast.claudine, "redeem_voucher", words, **wanted).code


def ask_about_a_code(cast: Cast, issued: Issued) -> str:  # noqa: F811
    words = f"redeem {digits(issued)} at Kimironko"
    wanted = {"voucher": "[code 1]", "station": "Kimironko"}
    return call(cast.diane, "redeem_voucher", words, **wanted).code


def list_own(cast: Cast, _issued: Issued) -> str:  # noqa: F811
    [shown] = call(cast.aline, "list_vouchers").payload["vouchers"]
    return str(shown["status"])


def look_up_a_code(cast: Cast, issued: Issued) -> str:  # noqa: F811
    words = f"whose is {digits(issued)}"
    found = call(cast.claudine, "lookup_customer", words, voucher="[code 1]")
    return str(found.payload["status"])


def sql_by_code(cast: Cast, issued: Issued) -> str:  # noqa: F811
    assert issued.code
    return sql(list(issued.code.hmacs), None, cast)


def sql_by_id(cast: Cast, issued: Issued) -> str:  # noqa: F811
    return sql(None, issued.voucher.public_id, cast)


def sql(hmacs: Any, public_id: Any, cast: Cast) -> str:  # noqa: F811
    with connection.cursor() as cursor:
        cursor.execute(REDEEM, [hmacs, public_id, cast.kimironko.pk, "key"])
        return str(cursor.fetchone()[0])


def rotate(cast: Cast, issued: Issued) -> str:  # noqa: F811
    actor = Actor.of_profile(cast.diane, channel="whatsapp")
    try:
        rotate_code(voucher=issued.voucher, actor=actor, reason="Lost", key="key")
    except VoucherExpired as error:
        return error.code
    return ""


# The entry, its answer in the last moment, and its answer a microsecond later.
CHAT: list[tuple[Callable[[Cast, Issued], str], str, str]] = [
    (redeem_by_button, "", "expired"),
    (ask_to_redeem, "confirmation_needed", "expired"),
    (redeem_the_only_one, "confirmation_needed", "which_voucher"),
    (redeem_a_code, "", "expired"),
    (ask_about_a_code, "confirmation_needed", "expired"),
    (list_own, "issued", "expired"),
    (look_up_a_code, "issued", "expired"),
    (sql_by_code, "redeemed", "expired"),
    (sql_by_id, "redeemed", "expired"),
    (rotate, "", "expired"),
]


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize(("entry", "usable", "over"), CHAT)
def test_chat_and_sql__around_midnight__usable_on_the_last_day_only(
    entry: Callable[[Cast, Issued], str],
    usable: str,
    over: str,
    is_over: bool,
    cast: Cast,  # noqa: F811
) -> None:
    with database_clock(ISSUED_AT):
        issued = cast.issue(cast.aline)
    with database_clock(OVER if is_over else LAST):
        assert entry(cast, issued) == (over if is_over else usable)


@pytest.mark.parametrize("by", ["voucher_id", "code"])
def test_api__around_midnight__usable_on_the_last_day_only(
    by: str,
    api: Api,  # noqa: F811
) -> None:
    # Given
    with database_clock(ISSUED_AT):
        first, second = api.issued(), api.issued()

    # When
    with database_clock(LAST):
        usable = api.redeem(**{by: first[by]}).json()
    with database_clock(OVER):
        refused = api.redeem(**{by: second[by]}).json()

    # Then
    assert (usable["success"], usable["status"]) == (True, "redeemed")
    assert (refused["success"], refused["code"]) == (False, "expired")
    assert first["expires_at"].startswith("2026-11-29T21:59:59.999999")


@pytest.mark.parametrize("is_over", [False, True])
def test_back_office__around_midnight__shows_and_offers_what_is_true(
    is_over: bool,
    cast: Cast,  # noqa: F811
) -> None:
    # Given
    with database_clock(ISSUED_AT):
        voucher = cast.issue(cast.aline).voucher
    ToolRate.objects.all().delete()

    with database_clock(OVER if is_over else LAST):
        # When
        client = signed_in("operator")
        page = client.get(f"/admin/vouchers/voucher/{voucher.pk}/change/").text
        listed = {
            status: voucher.reference
            in client.get("/admin/vouchers/voucher/", {"status": status}).text
            for status in ("issued", "expired")
        }

    # Then
    assert listed == {"issued": not is_over, "expired": is_over}
    offered = {f"/{verb}/" in page for verb in ("void", "rotate")}
    assert offered == {not is_over}
    assert ("Expired" in page) is is_over
