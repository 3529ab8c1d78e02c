"""Who may use the station page: a one-time code over WhatsApp, or an account."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from agents.core import call_rate, sign_in_codes
from agents.core.serving import may_answer
from agents.identity import blocks
from agents.language.choice import language_of
from agents.language.texts import Placeholder, render
from agents.models import StationCode
from agents.notifications.unrequested import (
    TEMPLATE_LANGUAGES,
    conversation_with,
    enqueue_unrequested,
)
from agents.whatsapp.graph_client import Template
from easymo.backoffice import second_factor, sessions
from easymo.backoffice import sign_in as limits
from vouchers import msisdn
from vouchers.models import ChangeRecord, Profile

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from easymo.backoffice.models import BrowserSession

VALID_FOR = timedelta(minutes=10)
# A person signs in again after a working day.
SESSION = timedelta(hours=12)
# Codes of one person in an hour.
MOST_CODES = 5
KEY = "station"


def staff() -> QuerySet[Profile]:
    """Return the profiles that may use the page."""
    return Profile.objects.select_related("station").filter(
        role=Profile.Role.STATION, is_active=True, station__is_active=True
    )


def request_code(number: str) -> UUID:
    """Send a code to the person with this number, if it is one of the station staff.

    The answer is an id in every case, so that it does not tell whose number it is.
    """
    try:
        person = staff().filter(msisdn=msisdn.parse(number)).first()
    except msisdn.InvalidMsisdn:
        person = None
    if person is None or not may_answer(person) or blocks.is_blocked(person):
        return uuid4()
    subject = f"station-code:{person.public_id}"
    window = call_rate.LONGEST_WINDOW_SECONDS
    if call_rate.take(subject, limit=MOST_CODES, window=window):
        return uuid4()
    name = settings.WA_TEMPLATE_SIGN_IN_CODE
    conversation = conversation_with(person, may_create=bool(name))
    if conversation is None:
        return uuid4()
    now = timezone.now()
    with transaction.atomic():
        # Only the newest code is valid.
        StationCode.objects.filter(profile=person, used_at=None).update(used_at=now)
        made = StationCode.objects.create(
            profile=person, created_at=now, expires_at=now + VALID_FOR
        )
        shown = Placeholder(f"{{sign_in_code:{made.public_id}}}")
        language = language_of(conversation)
        enqueue_unrequested(
            conversation,
            cause=f"station-code:{made.pk}",
            body=render("station.code_message", language, code=shown),
            template=Template(name, TEMPLATE_LANGUAGES[language], (shown,))
            if name
            else None,
        )
    return made.public_id


def check_code(public_id: UUID, entered: str) -> Profile | None:
    """Return the person whose code this is; it is used up. Five attempts are counted."""
    now = timezone.now()
    counted = StationCode.objects.filter(
        public_id=public_id,
        used_at=None,
        expires_at__gt=now,
        attempts__lt=StationCode.MOST_ATTEMPTS,
    ).update(attempts=F("attempts") + 1)
    if not counted:
        return None
    right = sign_in_codes.code_of(public_id)
    if not hmac.compare_digest(right.encode(), entered.strip().encode()):
        return None
    if not StationCode.objects.filter(public_id=public_id, used_at=None).update(
        used_at=now
    ):
        return None
    return staff().filter(station_codes__public_id=public_id).first()


def check_account(
    request: HttpRequest, *, username: str, password: str, app_code: str
) -> tuple[Profile, BrowserSession] | None:
    """Return the station profile of the account, and its new sign-in.

    The limits of sign-ins hold here too. An account with an authenticator app needs its
    code; one that must have an app sets it up in the back office first.
    """
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        return None
    person = staff().filter(user=user).order_by("pk").first()
    try:
        factor = _proved_factor(request, user, app_code)
    except second_factor.WrongCode:
        return None
    if person is None:
        return None
    row = sessions.open_one(request=request, user=user, verified_factor=factor)
    if second_factor.is_missing(user, row, factor):
        sessions.end_row(row.public_id)
        return None
    return person, row


def _proved_factor(request: HttpRequest, user: User, app_code: str) -> int | None:
    """Use up the code of the account's app; None without an app. Raises WrongCode."""
    if second_factor.factor_of(user) is None:
        return None
    if not app_code:
        raise second_factor.WrongCode
    try:
        attempt = limits.begin_code(request, user)
    except limits.TooManyAttempts as error:
        # The middleware answers it, as it does for passwords.
        request.sign_in_refused = error  # type: ignore[attr-defined]
        raise second_factor.WrongCode from error
    factor = second_factor.check(user=user, code=app_code)
    attempt.succeeded()
    return factor


def begin(
    request: HttpRequest, person: Profile, *, account: BrowserSession | None = None
) -> None:
    """Sign the person in; by an account, as long as that sign-in is open."""
    request.session.cycle_key()
    stored: dict[str, Any] = {"profile": person.pk, "at": timezone.now().timestamp()}
    if account is not None:
        stored["account"] = str(account.public_id)
    request.session[KEY] = stored


def signed_in(request: HttpRequest) -> Profile | None:
    """Return the person who is signed in, as their row is now."""
    stored = request.session.get(KEY) or {}
    at = stored.get("at", 0)
    if not 0 <= timezone.now().timestamp() - at < SESSION.total_seconds():
        return None
    person = staff().filter(pk=stored.get("profile") or 0).first()
    if person is None or blocks.is_blocked(person) or _lost_the_role(person, at):
        return None
    if (public_id := stored.get("account")) is not None:
        account = person.user
        if account is None or not account.is_active:
            return None
        row: Any = sessions.open_row(request, account, public_id)
        if row is None or second_factor.is_missing(account, row, row.factor):
            return None
    return person


def _lost_the_role(person: Profile, since: float) -> bool:
    """Tell whether the person was no station staff in the meantime."""
    return ChangeRecord.objects.filter(
        table_name=Profile._meta.db_table,
        row_id=str(person.pk),
        created_at__gt=datetime.fromtimestamp(since, UTC),
        before__has_any_keys=["role", "is_active"],
    ).exists()


def end(request: HttpRequest) -> None:
    stored = request.session.pop(KEY, None) or {}
    sessions.end_row(stored.get("account"))
    request.session.cycle_key()
