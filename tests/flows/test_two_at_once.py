"""Two people press at the same moment: one of them wins, and the other is told.

Each pair is run in both orders: the second begins while the first is not committed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone

from agents.handoff import inbox
from agents.models import InboxEntry, StationCode
from agents.operations.erasure import erase_person
from agents.station import sign_in as station_sign_in
from easymo.backoffice import password_links, second_factor
from easymo.backoffice.models import RecoveryCode, Totp
from rollout.announcements import announcements
from tests.agents.cast import make_cast
from tests.second_factor import PASSWORD, code_of, unused_code, with_app
from tests.vouchers.racing import while_uncommitted
from vouchers.actors import Actor
from vouchers.batches import campaigns, checking, issuing, reading
from vouchers.models import (
    Approval,
    AuthorityChange,
    Batch,
    Campaign,
    Profile,
    ReversalRequest,
    Voucher,
)
from vouchers.money import Money
from vouchers.services import roles
from vouchers.services.approve import approve_voucher, decline_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.profiles import create_or_change_profile
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import decide_reversal, reverse_redemption

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper


WHY = "because of a test"


@dataclass
class Scene:
    """Two things that are done at once, and how many of them may take effect."""

    acts: tuple[Callable[[], Any], Callable[[], Any]]
    effects: Callable[[], int]


class World:
    """People who press, and new things for each pair."""

    def __init__(self) -> None:
        self.cast = make_cast()
        self.number = 0
        self.odette, self.pascal, self.grace = (
            User.objects.create_superuser(name, f"{name}@example.rw", PASSWORD)
            for name in ("odette", "pascal", "grace")
        )

    def key(self) -> str:
        return f"test:{uuid.uuid4()}"

    def customer(self) -> Profile:
        self.number += 1
        return Profile.objects.create(msisdn=f"+250788600{self.number:03d}")

    def voucher(self, amount: int, customer: Profile | None = None) -> Any:
        actor = Actor.of_profile(self.cast.diane.profile, channel="whatsapp")
        return issue_voucher(
            customer=customer or self.customer(),
            amount=Money(amount, "RWF"),
            actor=actor,
            key=self.key(),
        )

    def decides(self, how: Any, user: User, **subject: Any) -> Callable[[], Any]:
        return lambda: how(approver=user, reason=WHY, key=self.key(), **subject)

    def approval(self) -> Scene:
        row = self.voucher(30_000).voucher
        return Scene(
            (
                self.decides(approve_voucher, self.odette, voucher=row),
                self.decides(decline_voucher, self.pascal, voucher=row),
            ),
            lambda: Approval.objects.filter(voucher=row).count(),
        )

    def two_approvals(self) -> Scene:
        row = self.voucher(30_000).voucher
        acts = [self.decides(approve_voucher, u, voucher=row) for u in (self.odette, self.pascal)]  # fmt: skip
        return Scene(
            (acts[0], acts[1]),
            lambda: Approval.objects.filter(voucher=row, decision="approved").count(),
        )

    def reversal(self) -> Scene:
        issued, claudine = self.voucher(15_000), self.cast.claudine.profile
        redeem_voucher(
            code=issued.code,
            station=claudine.station,
            actor=Actor.of_profile(claudine, channel="whatsapp"),
            key=self.key(),
        )
        voucher = Voucher.objects.get(pk=issued.voucher.pk)
        actor = Actor.of_user(self.grace)
        with override_settings(VOUCHER_APPROVE_ABOVE=10_000):
            reverse_redemption(voucher=voucher, reason=WHY, actor=actor, key=self.key())
        row = ReversalRequest.objects.get(voucher=voucher)
        acts = [
            self.decides(decide_reversal, user, request=row, decision=decision)
            for user, decision in ((self.odette, "approved"), (self.pascal, "refused"))
        ]
        decided = ReversalRequest.objects.filter(pk=row.pk, decided_at__isnull=False)
        return Scene((acts[0], acts[1]), decided.count)

    def batch(self, campaign: Campaign | None = None) -> Batch:
        self.number += 1
        content = f"msisdn,amount\n+250788700{self.number:03d},500\n".encode()
        return issuing.store(
            checking.check(reading.read(content)),
            file_name="may.csv",
            reason=WHY,
            by_name="odette",
            by=self.odette,
            campaign=campaign,
        )

    def batch_cancelled(self) -> Scene:
        row = self.batch()
        return Scene(
            (
                lambda: issuing.confirm(batch=row, user=self.odette),
                lambda: issuing.cancel(batch=row, user=self.pascal, reason=WHY),
            ),
            lambda: Batch.objects.filter(pk=row.pk).exclude(state="checked").count(),
        )

    def campaign_stopped(self) -> Scene:
        self.number += 1
        today = timezone.localdate()
        campaign = campaigns.create_campaign(
            name=f"Campaign {self.number}",
            budget=Money(500, "RWF"),
            first_day=today,
            last_day=today + timedelta(days=1),
            reason=WHY,
            user=self.odette,
        )
        first, second = self.batch(campaign), self.batch(campaign)
        begun = Batch.objects.filter(campaign=campaign, state="issuing")
        return Scene(
            (
                lambda: issuing.confirm(batch=first, user=self.odette),
                lambda: issuing.confirm(batch=second, user=self.odette),
            ),
            begun.count,
        )

    def role(self) -> Scene:
        giver = roles.Giver.of_user(self.grace, reason=WHY)
        person = create_or_change_profile(
            profile=self.customer(), role="staff", giver=giver
        )
        row = AuthorityChange.objects.get(profile=person, decision="waiting")
        by = [roles.Giver.of_user(u, reason=WHY) for u in (self.odette, self.pascal)]
        return Scene(
            (
                lambda: roles.confirm(change=row, giver=by[0]),
                lambda: roles.refuse(change=row, giver=by[1]),
            ),
            lambda: AuthorityChange.objects.filter(pk=row.pk).exclude(decision="waiting").count(),
        )  # fmt: skip

    def erasure(self) -> Scene:
        person = self.customer()
        erased = Profile.objects.filter(pk=person.pk, erased_at__isnull=False)
        return Scene(
            (
                lambda: erase_person(profile=person, reason=WHY, actor="odette"),
                lambda: self.voucher(500, person),
            ),
            lambda: erased.count() + Voucher.objects.filter(owner=person).count(),
        )

    def conversation(self) -> Scene:
        chat = self.cast.aline.chat
        inbox.release(conversation=chat, user=self.odette)
        inbox.release(conversation=chat, user=self.pascal)
        acts = [
            lambda u=user: inbox.claim(conversation=chat, user=u, key=self.key())
            for user in (self.odette, self.pascal)
        ]
        claimed = InboxEntry.objects.filter(conversation=chat, assignee__isnull=False)
        return Scene((acts[0], acts[1]), claimed.count)

    def announcement(self) -> Scene:
        row = announcements.draft(
            audience="engineering",
            medium="other",
            subject="Soon",
            text="Hi",
            by="grace",
        )
        announcements.approve(announcement=row, by="odette")
        sent = [lambda: announcements.send(announcement=row, by="odette")] * 2
        return Scene((sent[0], sent[1]), lambda: 1)

    def code_of_the_app(self) -> Scene:
        factor, _codes = with_app(self.odette)
        code = unused_code(factor)
        acts = [lambda: second_factor.check(user=self.odette, code=code)] * 2
        return Scene((acts[0], acts[1]), lambda: 1)

    def recovery_code(self) -> Scene:
        _factor, codes = with_app(self.odette)
        acts = [lambda: second_factor.check(user=self.odette, code=codes[0])] * 2
        used = RecoveryCode.objects.filter(user=self.odette, used_at__isnull=False)
        return Scene((acts[0], acts[1]), used.count)

    def station_code(self) -> Scene:
        now = timezone.now()
        row = StationCode.objects.create(
            profile=self.cast.claudine.profile,
            created_at=now,
            expires_at=now + timedelta(minutes=5),
        )
        code = station_sign_in.sign_in_codes.code_of(row.public_id)

        def use() -> Profile:
            person = station_sign_in.check_code(row.public_id, code)
            assert person is not None
            return person

        return Scene((use, use), lambda: 1)

    def password_link(self) -> Scene:
        message = password_links.message_to(self.grace.pk)
        assert message is not None
        link = next(word for word in message.text.split() if "?u=" in word)

        def follow() -> None:
            browser, path = Client(), urlsplit(link)
            browser.get(f"{path.path}?{path.query}")
            new = f"long enough {uuid.uuid4()}"
            given = {"new_password1": new, "new_password2": new}
            assert browser.post(path.path, given).status_code == 302

        return Scene((follow, follow), lambda: 1)


# Each pair, and the second result that is no refusal.
PAIRS: tuple[Callable[[World], Scene], ...] = (
    World.approval,
    World.two_approvals,
    World.reversal,
    World.batch_cancelled,
    World.campaign_stopped,
    World.role,
    World.erasure,
    World.conversation,
    World.announcement,
    World.code_of_the_app,
    World.recovery_code,
    World.station_code,
    World.password_link,
)


@pytest.mark.django_db(transaction=True)
def test_pairs__at_once_in_both_orders__one_takes_effect(
    committed_db: str, settings: SettingsWrapper
) -> None:
    world = World()
    settings.MAILERS = {"default": {}}
    wrong = {}
    for pair in PAIRS:
        for order in (1, -1):
            scene = pair(world)
            first, second = scene.acts[::order]
            refused = while_uncommitted(first, second)
            if not isinstance(refused, Exception) or scene.effects() != 1:
                wrong[pair.__name__, order] = (refused, scene.effects())
    assert wrong == {}


@pytest.mark.django_db(transaction=True)
def test_second_factor__set_up_twice_at_once__one_app(committed_db: str) -> None:
    user = User.objects.create_superuser("odette", password=PASSWORD)
    keys = [second_factor.new_key() for _ in range(2)]
    acts = [
        lambda k=key: second_factor.set_up(
            user=user, key=k, code=code_of(second_factor.unsaved(user, k))
        )
        for key in keys
    ]

    while_uncommitted(acts[0], acts[1])

    assert Totp.objects.filter(user=user).count() == 1
    assert RecoveryCode.objects.count() == second_factor.CODES
