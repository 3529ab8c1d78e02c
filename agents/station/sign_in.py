"""Who may use the station page: a one-time code over WhatsApp, or an account."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare

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
from vouchers import msisdn
from vouchers.models import Profile

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet
    from django.http import HttpRequest

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


def check_password(
    request: HttpRequest, username: str, password: str
) -> Profile | None:
    """Return the station profile of the account. The limits of sign-ins hold here too."""
    user = authenticate(request, username=username, password=password)
    return staff().filter(user=user).order_by("pk").first() if user else None


def begin(
    request: HttpRequest, person: Profile, *, account: AbstractBaseUser | None = None
) -> None:
    """Sign the person in; with an account, until its password changes."""
    request.session.cycle_key()
    stored: dict[str, Any] = {"profile": person.pk, "at": timezone.now().timestamp()}
    if account is not None:
        stored["account"] = account.get_session_auth_hash()
    request.session[KEY] = stored


def signed_in(request: HttpRequest) -> Profile | None:
    """Return the person who is signed in, as their row is now."""
    stored = request.session.get(KEY) or {}
    age = timezone.now().timestamp() - stored.get("at", 0)
    if not 0 <= age < SESSION.total_seconds():
        return None
    person = staff().filter(pk=stored.get("profile") or 0).first()
    if person is not None and (given := stored.get("account")):
        account = person.user
        if account is None or not account.is_active:
            return None
        if not constant_time_compare(given, account.get_session_auth_hash()):
            return None
    return person


def end(request: HttpRequest) -> None:
    request.session.pop(KEY, None)
    request.session.cycle_key()
