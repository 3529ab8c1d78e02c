from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from agents.operations import waiting_decisions
from rollout.models import Notice
from tests.agents.cast import make_cast
from tests.vouchers.database_clock import database_clock
from vouchers.actors import Actor
from vouchers.batches import checking, issuing, reading
from vouchers.models import AuthorityChange, Profile, ReversalRequest
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher

pytestmark = pytest.mark.django_db


def test_notify__each_kind_that_waits__is_told_once() -> None:
    # Given
    cast = make_cast()
    staff = Actor.of_profile(cast.diane.profile, channel="whatsapp")
    given = {"customer": cast.aline.profile, "actor": staff}
    asked = issue_voucher(amount=Money(30_000, "RWF"), key="t:1", **given).voucher
    issued = issue_voucher(amount=Money(5_000, "RWF"), key="t:2", **given)
    redeemed = redeem_voucher(
        code=issued.code, station=cast.kimironko, actor=Actor.system("t"), key="t:3"
    ).voucher
    ReversalRequest.objects.create(
        voucher=redeemed,
        redemption=redeemed.events.get(kind="redeemed"),
        asked_by_kind="profile",
        asked_by_id="1",
        channel="station",
        key="t:4",
        fingerprint=b"",
        reason="Wrong",
        asked_at=timezone.now(),
        decision="waiting",
    )
    odette = User.objects.create_user("odette")
    checked = checking.check(reading.read(b"msisdn,amount\n0788123456,30000\n"))
    batch = issuing.store(
        checked, file_name="x.csv", reason="May", by_name="odette", by=odette
    )
    issuing.confirm(batch=batch, user=odette)
    AuthorityChange.objects.create(
        kind="role",
        profile=cast.bosco.profile,
        old_role="customer",
        new_role="staff",
        given_at=timezone.now(),
        given_by_name="odette",
        source="admin",
        decision="waiting",
    )

    # When
    told = [waiting_decisions.notify() for _ in range(2)]

    # Then
    assert told == [4, 0]
    texts = " ".join(Notice.objects.values_list("text", flat=True))
    for word in (asked.reference, redeemed.reference, "RWF 30,000", "role"):
        assert word in texts
    assert "/admin/vouchers/" in texts
    assert "Aline" not in texts


def test_notify__old_or_of_the_sandbox__is_not_told() -> None:
    cast = make_cast()
    Profile.objects.filter(pk=cast.bosco.profile.pk).update(is_sandbox=True)
    actor = Actor.system("t")
    amount = Money(30_000, "RWF")
    cast.bosco.profile.refresh_from_db()
    issue_voucher(customer=cast.bosco.profile, amount=amount, actor=actor, key="t:1")
    with database_clock(timezone.now() - timedelta(hours=25)):
        issue_voucher(
            customer=cast.aline.profile, amount=amount, actor=actor, key="t:2"
        )
    assert waiting_decisions.notify() == 0
