"""Give a role, and confirm or refuse what waits for a second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from easymo.sentences import translatable
from vouchers.errors import AlreadyDecided, InvalidProfile, SecondPersonNeeded
from vouchers.models import AuthorityChange, Profile
from vouchers.services.transition import clean_reason

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from vouchers.models import Station

Kind = AuthorityChange.Kind
Decision = AuthorityChange.Decision
ADMIN = "admin"
COMMAND = "command"
COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Giver:
    """Who gives a role, and how. Only in the back office it waits for a second person."""

    name: str = COMMAND_LINE
    account: User | None = None
    source: str = COMMAND
    reason: str = ""

    @classmethod
    def of_user(cls, user: User, *, reason: str) -> Giver:
        return cls(user.get_username(), user, ADMIN, reason)

    @classmethod
    def named(cls, name: str, *, reason: str = "") -> Giver:
        """Return the command line in a person's name, with their account if known."""
        account = get_user_model().objects.filter(username=name).first()
        return cls(name, account, reason=reason)


def take_role_back(profile: Profile, *, was: Profile, giver: Giver) -> None:
    """Take the role of a person who would get it again without a second person.

    In the back office these are colleagues who are active again, and station staff with
    another account: it opens the station page.
    """
    is_active_again = profile.is_active and not was.is_active
    has_other_account = (
        profile.role == Profile.Role.STATION
        and profile.user_id is not None
        and profile.user_id != was.user_id
    )
    if giver.source == ADMIN and (is_active_again or has_other_account):
        give_role(profile, role=Profile.Role.CUSTOMER, station=None, giver=giver)


def give_role(
    profile: Profile, *, role: str, station: Station | None, giver: Giver
) -> None:
    """Give a role, or request it; the profile keeps its role until it is confirmed.

    The caller holds a transaction, and has locked or created the profile.
    """
    wanted = station if role == Profile.Role.STATION else None
    is_same_station = role != Profile.Role.STATION or wanted == profile.station
    if role == profile.role and is_same_station:
        return
    if role == Profile.Role.STATION and wanted is None:
        raise InvalidProfile(translatable("Station staff need a station."))
    waiting = AuthorityChange.objects.filter(
        profile=profile, kind=Kind.ROLE, decision=Decision.WAITING
    ).first()
    is_lowered = role == Profile.Role.CUSTOMER
    waits = giver.source == ADMIN and not is_lowered
    if waiting is not None and waits:
        raise InvalidProfile(
            translatable("Another change of this person's role waits for confirmation.")
        )
    if waiting is not None:
        _decide(waiting, Decision.REFUSED, giver, "Replaced by another change.")
    now = timezone.now()
    AuthorityChange.objects.create(
        kind=Kind.ROLE,
        profile=profile,
        old_role=profile.role,
        new_role=role,
        new_station=wanted,
        given_by=giver.account,
        given_by_name=giver.name[:150],
        source=giver.source,
        reason=giver.reason,
        given_at=now,
        decision=Decision.WAITING if waits else Decision.CONFIRMED,
        decided_by_name="" if waits else giver.name[:150],
        decision_source="" if waits else giver.source,
        decided_at=None if waits else now,
    )
    if not waits:
        _apply(profile, role, wanted)


def record_identity(profile: Profile, *, decided_by: str) -> None:
    """Record that a person decided whose number or user id it is.

    It counts as a change of the role for those who approve.
    """
    if profile.role == Profile.Role.CUSTOMER:
        return
    now = timezone.now()
    AuthorityChange.objects.create(
        kind=Kind.IDENTITY,
        profile=profile,
        old_role=profile.role,
        new_role=profile.role,
        given_by=get_user_model().objects.filter(username=decided_by).first(),
        given_by_name=decided_by[:150],
        source=ADMIN,
        given_at=now,
        decision=Decision.CONFIRMED,
        decided_by_name=decided_by[:150],
        decision_source=ADMIN,
        decided_at=now,
    )


def confirm(*, change: AuthorityChange, giver: Giver) -> AuthorityChange:
    """Let a role or the rights of an account take effect, as a second person.

    Raises AlreadyDecided, SecondPersonNeeded, InvalidProfile, InvalidReason.
    """
    reason = clean_reason(giver.reason)
    with transaction.atomic():
        row = _locked(change)
        _refuse_first_person(row, giver.account)
        _decide(row, Decision.CONFIRMED, giver, reason)
        if row.kind == Kind.ROLE and row.profile is not None:
            profile = Profile.objects.select_for_update().get(pk=row.profile.pk)
            if profile.erased_at is not None:
                raise InvalidProfile(translatable("This person was erased."))
            _apply(profile, row.new_role, row.new_station)
        elif row.account_id is not None and not _waiting(row.account_id).exists():
            _activate(row.account_id, is_active=True)
    return row


def refuse(*, change: AuthorityChange, giver: Giver) -> AuthorityChange:
    """Refuse a role or the rights of an account. The person who gave it may do so too.

    A refused account stays deactivated.
    """
    reason = clean_reason(giver.reason)
    with transaction.atomic():
        row = _locked(change)
        _decide(row, Decision.REFUSED, giver, reason)
        if row.account_id is not None:
            _activate(row.account_id, is_active=False)
    return row


def _locked(change: AuthorityChange) -> AuthorityChange:
    row = AuthorityChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
    if row.decision != Decision.WAITING:
        raise AlreadyDecided(str(row.decision), row.decided_by_name)
    return row


def _refuse_first_person(row: AuthorityChange, account: User | None) -> None:
    if account is None:
        return
    if row.given_by_id == account.pk:
        raise SecondPersonNeeded("gave_role")
    is_own_role = row.profile is not None and row.profile.user_id == account.pk
    if row.account_id == account.pk or is_own_role:
        raise SecondPersonNeeded("own_role")


def _decide(
    row: AuthorityChange, decision: Decision, giver: Giver, reason: str
) -> None:
    row.decision = decision
    row.decided_by = giver.account
    row.decided_by_name = giver.name[:150]
    row.decision_source = giver.source
    row.decided_at = timezone.now()
    row.decision_reason = reason
    row.save(
        update_fields=[
            "decision",
            "decided_by",
            "decided_by_name",
            "decision_source",
            "decided_at",
            "decision_reason",
        ]
    )


def _apply(profile: Profile, role: str, station: Station | None) -> None:
    profile.role = role
    fields = ["role"]
    if role == Profile.Role.STATION:
        profile.station = station
        fields.append("station")
    profile.save(update_fields=fields)


def _waiting(account: int) -> QuerySet[AuthorityChange]:
    return AuthorityChange.objects.filter(account=account, decision=Decision.WAITING)


def _activate(account: int, *, is_active: bool) -> None:
    get_user_model().objects.filter(pk=account).update(is_active=is_active)
