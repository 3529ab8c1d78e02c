"""Sign-ins of accounts in browsers: listed, ended, and asked at each request.

Django's session holds the id of a row of `BrowserSession`. A session without an open row
is not signed in, so an end takes effect at the next request.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.core.exceptions import ValidationError
from django.core.validators import validate_ipv46_address
from django.db import DatabaseError, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from easymo.addresses import address_of
from easymo.backoffice.models import (
    AccountAct,
    AccountLanguage,
    BrowserSession,
    Totp,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User
    from django.db.models import QuerySet
    from django.http import HttpRequest

KEY = "browser_session"
NOTE_USE_EVERY = timedelta(minutes=1)
KEPT_FOR = timedelta(days=90)
PROVIDER = "OidcBackend"
# The first that is found names the browser: some carry the names of others.
BROWSERS = ("Edg", "OPR", "SamsungBrowser", "Firefox", "Chrome", "Safari")
NAMES = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Macintosh": "macOS",
    "CrOS": "ChromeOS",
}
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "CrOS", "Linux")


def begin(*, request: HttpRequest, user: User, **_: Any) -> None:
    """Store a sign-in; a receiver of ``user_logged_in``."""
    end_current(request)
    backend = str(request.session.get(BACKEND_SESSION_KEY, ""))
    is_from_provider = backend.endswith(PROVIDER)
    row = open_one(request=request, user=user, is_from_provider=is_from_provider)
    request.session[KEY] = str(row.public_id)
    request.browser_session = row  # type: ignore[attr-defined]


def open_one(
    *,
    request: HttpRequest,
    user: User,
    is_from_provider: bool = False,
    verified_factor: int | None = None,
) -> BrowserSession:
    """Store the row of a sign-in; the caller keeps its id in the browser's session."""
    now = timezone.now()
    return BrowserSession.objects.create(
        user=user,
        is_from_provider=is_from_provider,
        address=_address(request),
        browser=browser_name(request.META),
        created_at=now,
        last_used_at=now,
        authenticated_at=getattr(user, "proved_at", None) if is_from_provider else now,
        verified_factor=verified_factor,
    )


def end_current(request: HttpRequest | None, **_: Any) -> None:
    """End the sign-in of this browser; a receiver of ``user_logged_out``."""
    session = getattr(request, "session", None)
    if session is not None:
        end_row(session.get(KEY))


def end_row(public_id: object) -> None:
    """End the sign-in with this id, without a record: its own user leaves."""
    if found := _id(public_id):
        BrowserSession.objects.filter(public_id=found, ended_at=None).update(
            ended_at=timezone.now()
        )


def current(request: HttpRequest, user: User) -> BrowserSession | None:
    """Return the open row of this request, and note its use.

    It carries what each page asks about the account: its ``factor`` and ``language``.
    """
    return open_row(request, user, request.session.get(KEY))


def open_row(
    request: HttpRequest, user: User, public_id: object
) -> BrowserSession | None:
    """Return the open row with this id; as `current`."""
    found = _id(public_id)
    if found is None:
        return None
    factors = Totp.objects.filter(user_id=OuterRef("user_id"), confirmed=True)
    languages = AccountLanguage.objects.filter(user=OuterRef("user_id"))
    row = (
        open_sessions(user)
        .filter(public_id=found)
        .annotate(
            factor=Subquery(factors.values("pk")[:1]),
            language=Subquery(languages.values("language")[:1]),
        )
        .first()
    )
    if row is not None:
        _note_use(row, request)
    return row


def open_sessions(user: User) -> QuerySet[BrowserSession]:
    """Return the sessions of a user that have not ended, the latest used one first."""
    oldest = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return BrowserSession.objects.filter(
        user_id=user.pk, ended_at=None, created_at__gt=oldest
    ).order_by("-last_used_at", "-pk")


def end_one(*, user: User, public_id: UUID) -> bool:
    """End one session of a user; return whether it was open."""
    return _end(user, open_sessions(user).filter(public_id=public_id)) > 0


def end_others(*, user: User, than: BrowserSession) -> int:
    """End all sessions of a user but one; return how many."""
    return _end(user, open_sessions(user).exclude(pk=than.pk))


def end_all(*, user: User, reason: str = "") -> int:
    """End all sessions of a user; return how many."""
    return _end(user, open_sessions(user), reason=reason)


def reopen(request: HttpRequest) -> None:
    """Keep the session in which the user has just changed the own password."""
    row: BrowserSession = request.browser_session  # type: ignore[attr-defined]
    BrowserSession.objects.filter(pk=row.pk).update(ended_at=None)


def purge() -> int:
    """Delete the rows of old sign-ins."""
    old = BrowserSession.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    return old.delete()[0]


def browser_name(environ: Mapping[str, Any]) -> str:
    """Return browser and system in words: "Firefox on Windows"."""
    text = str(environ.get("HTTP_USER_AGENT", ""))[:500]
    found = [name for name in BROWSERS if f"{name}/" in text][:1]
    found += [name for name in SYSTEMS if name in text][:1]
    return " on ".join(NAMES.get(name, name) for name in found)


def _end(user: User, rows: QuerySet[BrowserSession], *, reason: str = "") -> int:
    with transaction.atomic():
        count = rows.order_by().update(ended_at=timezone.now())
        if count:
            AccountAct.objects.create(
                user=user, act=AccountAct.Act.SESSIONS_ENDED, reason=reason
            )
    return count


def _note_use(row: BrowserSession, request: HttpRequest) -> None:
    now = timezone.now()
    if now - row.last_used_at < NOTE_USE_EVERY:
        return
    # A page that only reads works while the database takes no writes.
    with suppress(DatabaseError), transaction.atomic():
        BrowserSession.objects.filter(pk=row.pk).update(
            last_used_at=now, address=_address(request)
        )


def _address(request: HttpRequest) -> str | None:
    address = address_of(request)
    try:
        validate_ipv46_address(address)
    except ValidationError:
        return None
    return address


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
