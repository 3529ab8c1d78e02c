"""Many at once, crashes and revocations in the middle: real threads, real commits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, connections, transaction

from agents.api import calls, idempotency, tokens, views
from agents.models import ApiToken, IdempotentCall
from tests.agents.api.conftest import forget_rates, token
from tests.agents.api.test_redeem import wrong_code
from tests.live import lock_is_waited_for, until
from tests.refusing import refusing
from tests.vouchers.racing import race
from vouchers.actors import Actor
from vouchers.codes import parse_code
from vouchers.errors import Locked, VoucherNotFound
from vouchers.models import Voucher, VoucherEvent
from vouchers.services.profiles import create_or_change_profile
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from tests.agents.api.conftest import Api


def test_same_key__sixteen_at_once__one_execution_and_equal_bodies(
    committed_api: Api,
) -> None:
    for number in range(3):
        key = f"order-{number}"
        answers = race(*[lambda key=key: committed_api.create(key=key)] * 16)

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        replayed = [a for a in answers if "Idempotent-Replayed" in a]
        assert len(replayed) == 15
        assert Voucher.objects.count() == number + 1


def test_same_key__without_the_row__the_control_issues_no_second(
    committed_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without our row the answers differ; the voucher's own key still holds."""
    claim = idempotency.claim
    monkeypatch.setattr(
        idempotency, "claim", lambda who, key, body: claim(who, None, body)
    )
    answers = race(*[lambda: committed_api.create(key="order-1")] * 8)
    assert not any("Idempotent-Replayed" in answer for answer in answers)
    assert Voucher.objects.count() == 1


def test_same_key__two_redeem_at_once__one_event(committed_api: Api) -> None:
    voucher_id = committed_api.issued()["voucher_id"]
    answers = race(*[lambda: committed_api.redeem(voucher_id=voucher_id, key="r")] * 8)
    assert len({answer.content for answer in answers}) == 1
    assert VoucherEvent.objects.filter(kind="redeemed").count() == 1


def test_first_still_runs__two_seconds_then_409(committed_api: Api) -> None:
    """Hold the key in a transaction of another caller's."""
    row = ApiToken.objects.get(name="caller")
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                key = idempotency.Key("create_voucher", "slow")
                IdempotentCall.objects.create(
                    token=row,
                    operation=key.operation,
                    key_digest=key.digest,
                    fingerprint=b"x" * 32,
                    created_at=row.created_at,
                )
                held.set()
                done.wait(250)
                transaction.set_rollback(True)
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    try:
        answer = committed_api.create(key="slow")
    finally:
        done.set()
        thread.join()

    assert answer.status_code == 409
    assert answer.json()["code"] == "in_progress"
    assert int(answer["Retry-After"]) >= 1
    assert not Voucher.objects.exists()
    # The first one failed: the key is free.
    assert committed_api.create(key="slow").json()["success"]


def test_crash_before_commit__nothing_kept__retry_issues_once(
    committed_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any) -> None:
        raise OperationalError("the connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr(idempotency.Claim, "store", crash)
        answer = committed_api.create(key="order-1")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert int(answer["Retry-After"]) > 0
    assert not Voucher.objects.exists()
    assert not IdempotentCall.objects.exists()

    assert committed_api.create(key="order-1").json()["success"]
    assert Voucher.objects.count() == 1


@pytest.mark.parametrize("code", ["53100", "25006", "55P03"])
def test_database_cannot_write__503_and_the_retry_issues_once(
    committed_api: Api, code: str
) -> None:
    with refusing("vouchers", code):
        answer = committed_api.create(key="order-1")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert not IdempotentCall.objects.exists()

    assert committed_api.create(key="order-1").json()["success"]
    assert Voucher.objects.count() == 1


def test_crash_after_commit__answer_lost__retry_replays(
    committed_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_call = calls.run_call

    def lose(*args: Any) -> None:
        run_call(*args)
        raise ConnectionError("the connection was lost")

    with monkeypatch.context() as patch:
        patch.setattr(views, "run_call", lose)
        assert committed_api.create(key="order-1").status_code == 500

    for _ in range(3):
        again = committed_api.create(key="order-1")
        assert again["Idempotent-Replayed"] == "true"
        assert again.json()["code"]
    assert Voucher.objects.count() == 1


def test_revoked_in_the_middle__after_revoking_nothing_commits(
    committed_api: Api,
) -> None:
    """The token is revoked between its check and the change."""
    checked, revoked = threading.Event(), threading.Event()
    claim = idempotency.claim

    def wait(*args: Any) -> Any:
        checked.set()
        revoked.wait(60)
        return claim(*args)

    patch = pytest.MonkeyPatch()
    patch.setattr(idempotency, "claim", wait)

    def revoke() -> None:
        checked.wait(60)
        tokens.revoke_token(name="caller", actor="test", reason="lost")
        revoked.set()

    try:
        answer, _ = race(committed_api.create, revoke)
    finally:
        patch.undo()

    assert answer.status_code == 401
    assert not Voucher.objects.exists()


def test_revoking__waits_for_what_has_begun(committed_api: Api) -> None:
    """Whatever commits under a token commits before its revocation returns."""
    row = ApiToken.objects.get(name="caller")
    begun = threading.Event()
    order: list[str] = []

    def call() -> None:
        with transaction.atomic():
            token = row
            idempotency.claim(token, None, {})
            begun.set()
            until(lambda: order or lock_is_waited_for())
            order.append("committed")

    def revoke() -> None:
        begun.wait(60)
        tokens.revoke_token(name="caller", actor="test", reason="lost")
        order.append("revoked")

    race(call, revoke)
    assert order == ["committed", "revoked"]


def test_twenty_at_once__under_a_limit_of_five__exactly_five(
    committed_api: Api, settings: Any
) -> None:
    settings.VOUCHER_ISSUER_DAILY = 50_000
    others = [
        create_or_change_profile(msisdn=f"+2507880010{n:02}").msisdn for n in range(20)
    ]
    answers = race(
        *[
            lambda number=number: committed_api.create(10_000, customer_msisdn=number)
            for number in others
        ]
    )
    done = [answer.json()["success"] for answer in answers]
    assert done.count(True) == 5
    assert Voucher.objects.count() == 5


def test_scan_over_three_channels__shares_the_station_counter(api: Api) -> None:
    """WhatsApp, phone and API at one station: thirty wrong codes lock it for all."""
    # Given
    code = parse_code(api.issued()["code"])
    claudine, other = (
        create_or_change_profile(
            msisdn=number, name="staff", role="station", station="KIMIRONKO"
        )
        for number in ("+250788000031", "+250788000032")
    )
    api.secret = token("redeem", name="pump", station="KIMIRONKO")

    def try_code(actor: Actor, tried: Any, number: int) -> None:
        redeem_voucher(
            code=tried, station=api.kimironko, actor=actor, key=f"scan:{number}"
        )

    # When: ten on each
    channels = (
        Actor.of_profile(claudine, channel="whatsapp"),
        Actor.of_profile(other, channel="voice"),
    )
    for number, actor in enumerate(channels):
        for guess in range(10):
            wrong = parse_code(wrong_code(guess))
            with pytest.raises(VoucherNotFound):
                try_code(actor, wrong, number * 100 + guess)
    for guess in range(10):
        assert api.redeem(code=wrong_code(guess)).json()["code"] == "voucher_not_found"
        forget_rates()

    # Then: the right one is refused as well, on every channel
    third = create_or_change_profile(
        msisdn="+250788000033", role="station", station="KIMIRONKO"
    )
    with pytest.raises(Locked):
        try_code(Actor.of_profile(third, channel="whatsapp"), code, 999)
    api.secret = token("redeem", name="pump 2", station="KIMIRONKO")
    assert api.redeem(code=code.digits).json()["code"] == "locked"
    assert Voucher.objects.get().status == "issued"
