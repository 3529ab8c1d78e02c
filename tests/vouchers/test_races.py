"""Operations at the same time have one winner; each control fails without its guard."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from tests.vouchers.conftest import acting, rwf
from tests.vouchers.database_clock import before_it_expired
from tests.vouchers.racing import kinds, race, while_uncommitted, without
from vouchers import errors
from vouchers.actors import Actor
from vouchers.audit.verify import verify
from vouchers.models import LimitCounter, Voucher, VoucherEvent
from vouchers.services.extend import extend_voucher
from vouchers.services.guesses import (
    check_unknown,
    count_failure,
    count_unknown,
)
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_vouchers
from vouchers.services.redeem import redeem_voucher
from vouchers.services.rotate import rotate_code
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.usefixtures("committed_db")

type Key = Callable[[], str]


def redemptions() -> int:
    return VoucherEvent.objects.filter(kind="redeemed").count()


def test_redeem__a_hundred_at_once__one_wins(
    issued: Issued, kimironko: Station, diane: Profile
) -> None:
    # When
    calls = [
        partial(
            redeem_voucher,
            code=issued.code,
            station=kimironko,
            actor=acting(diane),
            key=f"race:{at}",
        )
        for at in range(100)
    ]
    results = [each for at in range(0, 100, 25) for each in race(*calls[at : at + 25])]

    # Then
    assert kinds(results) == {"Redeemed": 1, "VoucherNotIssued": 99}
    assert redemptions() == 1
    assert verify().broken == []


def test_redeem__at_once_without_its_guards__control_spends_twice(
    issued: Issued, kimironko: Station, diane: Profile
) -> None:
    # Given
    without("redeem", "           AND x.status = 'issued'\n")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE vouchers DISABLE TRIGGER voucher_guard")
        cursor.execute("ALTER TABLE voucher_event DISABLE TRIGGER voucher_event_chain")
        cursor.execute("ALTER TABLE voucher_event ALTER previous_hash SET DEFAULT ''")
        cursor.execute("ALTER TABLE voucher_event ALTER hash SET DEFAULT ''")
        cursor.execute(
            "ALTER TABLE voucher_event DISABLE TRIGGER voucher_event_matches"
        )

    # When
    race(
        *(
            partial(
                redeem_voucher,
                code=issued.code,
                station=kimironko,
                actor=acting(diane),
                key=f"race:{at}",
            )
            for at in range(8)
        )
    )

    # Then
    assert redemptions() > 1


def test_redeem__same_key_at_once__redeems_once_with_one_answer(
    issued: Issued, kimironko: Station, diane: Profile
) -> None:
    results = race(
        *[
            partial(
                redeem_voucher,
                code=issued.code,
                station=kimironko,
                actor=acting(diane),
                key="turn:1:0",
            )
        ]
        * 16
    )
    assert kinds(results) == {"Redeemed": 16}
    assert sum(not each.replayed for each in results) == 1
    assert len({each.redeemed_at for each in results}) == 1
    assert redemptions() == 1


def test_redeem__same_key_for_two_vouchers_at_once__one_is_spent(
    aline: Profile, kimironko: Station, diane: Profile, key: Key
) -> None:
    for at in range(5):
        # Given
        two = [
            issue_voucher(
                customer=aline, amount=rwf(5), actor=acting(diane), key=key()
            ).code
            for _ in range(2)
        ]

        # When
        results = race(
            *(
                partial(
                    redeem_voucher,
                    code=code,
                    station=kimironko,
                    actor=acting(diane),
                    key=f"turn:{at}",
                )
                for code in two
            )
        )

        # Then
        assert kinds(results) == {"Redeemed": 1, "KeyReused": 1}


def limited(aline: Profile, diane: Profile) -> list[Callable[[], object]]:
    return [
        partial(
            issue_voucher,
            customer=aline,
            amount=rwf(10_000),
            actor=acting(diane),
            key=f"race:{at}",
        )
        for at in range(16)
    ]


@pytest.mark.parametrize("limit", ["VOUCHER_ISSUER_DAILY", "VOUCHER_CUSTOMER_DAILY"])
def test_issue__sixteen_at_once_with_room_for_five__five_are_issued(
    aline: Profile, diane: Profile, settings: SettingsWrapper, limit: str
) -> None:
    # Given
    setattr(settings, limit, 50_000)

    # When
    results = race(*limited(aline, diane))

    # Then
    assert kinds(results) == {"Issued": 5, "LimitExceeded": 11}
    assert Voucher.objects.aggregate(all=Sum("amount_minor"))["all"] == 50_000
    assert set(LimitCounter.objects.values_list("used_minor", flat=True)) == {50_000}


def test_issue__at_once_without_the_counters_guard__control_exceeds(
    aline: Profile, diane: Profile, settings: SettingsWrapper
) -> None:
    settings.VOUCHER_CUSTOMER_DAILY = 50_000
    without("issue", "\n     WHERE c.used_minor + p_amount <= p_cap")
    results = race(*limited(aline, diane))
    assert kinds(results)["Issued"] > 5


def test_issue__same_key_at_once__issues_one_voucher(
    aline: Profile, diane: Profile
) -> None:
    one = partial(
        issue_voucher,
        customer=aline,
        amount=rwf(10_000),
        actor=acting(diane),
        key="turn:1:0",
    )
    results = race(*[one] * 16)
    assert kinds(results) == {"Issued": 16}
    assert len({each.code for each in results}) == 1
    assert Voucher.objects.count() == 1
    assert set(LimitCounter.objects.values_list("used_minor", flat=True)) == {10_000}


def test_change__redeem_void_rotate_and_expire_at_once__one_winner(
    aline: Profile,
    diane: Profile,
    kimironko: Station,
    odette: User,
    key: Key,
) -> None:
    day = timezone.localdate() + timedelta(days=100)
    extension = {"last_day": day, "actor": Actor.of_user(odette), "reason": "Race"}
    for round_ in range(8):
        # Given
        with before_it_expired() if round_ % 2 else nullcontext():
            issued = issue_voucher(
                customer=aline, amount=rwf(5), actor=acting(diane), key=key()
            )
        who = {"actor": acting(diane), "reason": "Race"}
        calls: list[Callable[[], object]] = [
            partial(
                redeem_voucher,
                code=issued.code,
                station=kimironko,
                actor=acting(diane),
                key=key(),
            ),
            partial(
                void_voucher, voucher_id=issued.voucher.public_id, **who, key=key()
            ),
            partial(rotate_code, voucher=issued.voucher, **who, key=key()),
            partial(extend_voucher, voucher=issued.voucher, **extension, key=key()),
            expire_vouchers,
        ]

        # When
        results = race(*calls)

        # Then
        issued.voucher.refresh_from_db()
        steps = list(issued.voucher.events.order_by("seq").values_list("seq", "kind"))
        assert [seq for seq, _ in steps] == list(range(1, len(steps) + 1))
        ends = [kind for _, kind in steps if kind in {"redeemed", "voided", "expired"}]
        assert len(ends) == 1
        for each in results:
            assert not isinstance(each, Exception) or isinstance(
                each, errors.VoucherError
            )
    assert verify().broken == []


REDEEM_HMAC_GUARD = "           AND (p_hmacs IS NULL OR x.code_hmac = ANY (p_hmacs))\n"


def redeem_while_rotating(issued: Issued, diane: Profile, station: Station) -> object:
    return while_uncommitted(
        lambda: rotate_code(
            voucher=issued.voucher, actor=acting(diane), reason="Lost", key="rotate"
        ),
        lambda: redeem_voucher(
            code=issued.code, station=station, actor=acting(diane), key="redeem"
        ),
    )


def test_redeem__old_code_while_the_code_is_rotated__is_refused(
    issued: Issued, diane: Profile, kimironko: Station
) -> None:
    # When
    result = redeem_while_rotating(issued, diane, kimironko)

    # Then
    assert isinstance(result, errors.VoucherNotIssued)
    assert result.status == "issued"
    assert redemptions() == 0


def test_redeem__old_code_while_rotated_without_the_guard__control_redeems(
    issued: Issued, diane: Profile, kimironko: Station
) -> None:
    without("redeem", REDEEM_HMAC_GUARD)
    redeem_while_rotating(issued, diane, kimironko)
    assert redemptions() == 1


@pytest.fixture
def two_due(expired: Issued, aline: Profile, diane: Profile) -> tuple[Voucher, Voucher]:
    with before_it_expired():
        other = issue_voucher(
            customer=aline, amount=rwf(500), actor=acting(diane), key="turn:9:0"
        )
    return expired.voucher, other.voucher


def expire_while_locked(voucher: Voucher) -> object:
    return while_uncommitted(
        lambda: Voucher.objects.select_for_update().get(pk=voucher.pk),
        expire_vouchers,
    )


def test_expire__one_due_voucher_is_locked__ends_the_other_without_waiting(
    two_due: tuple[Voucher, Voucher],
) -> None:
    # When
    ended = expire_while_locked(two_due[0])

    # Then
    assert ended == 1
    statuses = Voucher.objects.order_by("id").values_list("status", flat=True)
    assert list(statuses) == ["issued", "expired"]


def test_expire__one_was_locked__the_next_run_ends_it(
    two_due: tuple[Voucher, Voucher],
) -> None:
    expire_while_locked(two_due[0])
    assert expire_vouchers() == 1


def test_expire__one_is_locked_without_skip_locked__control_waits_for_it(
    two_due: tuple[Voucher, Voucher],
) -> None:
    without("expire", " SKIP LOCKED")
    assert expire_while_locked(two_due[0]) == 2


def test_count_failure__nine_at_once__counts_all(aline: Profile) -> None:
    race(*[partial(count_failure, actor=acting(aline))] * 9)
    with connection.cursor() as cursor:
        cursor.execute("SELECT failures FROM voucher_guess_counter")
        assert cursor.fetchall() == [(9,), (9,)]


def _told_unknown(actor: Actor, *, heeds_count: bool) -> int:
    """Let 32 calls pass the check at once; return how many learn that it is unknown."""
    gate = threading.Barrier(32)

    def look_up() -> bool:
        check_unknown(actor=actor)
        gate.wait(timeout=30)
        try:
            count_unknown(actor=actor)
        except errors.Locked:
            return not heeds_count
        return True

    return race(*[look_up] * 32).count(True)


def test_unknown_numbers__thirty_two_at_once__twenty_are_told(diane: Profile) -> None:
    assert _told_unknown(acting(diane), heeds_count=True) == 20


def test_unknown_numbers__count_not_heeded__control_tells_all(diane: Profile) -> None:
    assert _told_unknown(acting(diane), heeds_count=False) == 32


def test_redeem__refused_inside_a_transaction__keeps_its_count(
    issued: Issued, bosco: Profile, kimironko: Station, key: Key
) -> None:
    # When
    with transaction.atomic(), pytest.raises(errors.VoucherNotFound):
        redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(bosco), key=key()
        )

    # Then
    with connection.cursor() as cursor:
        cursor.execute("SELECT failures FROM voucher_guess_counter")
        assert cursor.fetchall() == [(1,), (1,)]


def test_redeem__connection_lost_before_commit__leaves_nothing(
    issued: Issued, diane: Profile, kimironko: Station
) -> None:
    # Given
    def redeem() -> object:
        return redeem_voucher(
            code=issued.code, station=kimironko, actor=acting(diane), key="turn:1:0"
        )

    # When
    with transaction.atomic():
        redeem()
        transaction.set_rollback(True)

    # Then
    assert redemptions() == 0
    assert not redeem().replayed
    assert redeem().replayed
