"""Limits of wrong sign-ins, applied before a password is hashed.

An attempt is counted before its password is checked, and given back when it was right: so
parallel attempts cannot pass the limit. A right password clears only what its own name
did from its own address; an attacker with an account gains no attempts at others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from axes.models import AccessLog
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from easymo import keys
from easymo.addresses import address_of, network_of
from easymo.backoffice import sessions
from easymo.backoffice.hashing import HashingBusy
from easymo.database.rates import Rates
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse
    from django_stubs_ext import StrPromise

    type Words = str | StrPromise

logger = get_logger(__name__)

WINDOW_S = 15 * 60
# Wrong passwords in the window: for any names from one network, for one name from one
# network, and for one name from all networks.
OF_NETWORK = 10
OF_PAIR = 5
OF_NAME = 10
# Wrong codes of one account in the window, from all networks.
OF_CODE = 5
# Requests for a new password in the window.
RESETS_OF_NETWORK = 10
RESETS_OF_MAILBOX = 3
# Where the account signed in recently, guesses from elsewhere do not lock it out.
KNOWN_FOR = timedelta(days=30)
KNOWN_LOOKED_AT = 50
BUSY_RETRY_S = 2
WRONG_PASSWORDS = _("Too many wrong passwords.")
RATES = Rates("backoffice_signinrate", WINDOW_S)


class TooManyAttempts(Exception):
    """The limit of wrong sign-ins is reached; no password was checked."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted attempt."""

    network: str
    pair: str
    name: str
    counts_name: bool

    def succeeded(self) -> None:
        """Give the attempt back; forget the wrong ones of this name from here."""
        RATES.forget(self.pair)
        self._give_back()

    def abandoned(self) -> None:
        """Give the attempt back: its password was not checked."""
        RATES.give_back(self.pair)
        self._give_back()

    def _give_back(self) -> None:
        RATES.give_back(self.network)
        if self.counts_name:
            RATES.give_back(self.name)


def begin(request: HttpRequest, username: str) -> Attempt:
    """Count an attempt before its password is checked; raise `TooManyAttempts`."""
    network = network_of(address_of(request))
    name = username.casefold()
    attempt = Attempt(
        network=_subject("network", network),
        pair=_subject("pair", f"{network} {name}"),
        name=_subject("name", name),
        counts_name=not _is_known(username, network),
    )
    # The network first: what it does beyond its limit must not count against a name.
    limits = [(attempt.network, OF_NETWORK), (attempt.pair, OF_PAIR)]
    if attempt.counts_name:
        limits.append((attempt.name, OF_NAME))
    for subject, limit in limits:
        if seconds := RATES.take(subject, limit=limit, window=WINDOW_S):
            logger.warning("sign_in.refused", limit=subject.partition(":")[0])
            raise TooManyAttempts(seconds)
    return attempt


def begin_code(request: HttpRequest, user: User) -> Attempt:
    """Count a code of the second factor before it is checked; as `begin`.

    A right password does not clear what was counted here.
    """
    network = _subject("network", network_of(address_of(request)))
    attempt = Attempt(
        network=network,
        pair=_subject("code", str(user.pk)),
        name="",
        counts_name=False,
    )
    for subject, limit in ((network, OF_NETWORK), (attempt.pair, OF_CODE)):
        if seconds := RATES.take(subject, limit=limit, window=WINDOW_S):
            logger.warning("sign_in.refused", limit=subject.partition(":")[0])
            raise TooManyAttempts(seconds)
    return attempt


def take_reset(request: HttpRequest, address: str) -> int | None:
    """Count a request for a new password; return the seconds to wait, or None."""
    network = _subject("reset", network_of(address_of(request)))
    mailbox = _subject("mailbox", address.casefold())
    for subject, limit in ((network, RESETS_OF_NETWORK), (mailbox, RESETS_OF_MAILBOX)):
        if seconds := RATES.take(subject, limit=limit, window=WINDOW_S):
            logger.warning("sign_in.refused", limit=subject.partition(":")[0])
            return seconds
    return None


def take_start(request: HttpRequest, *, limit: int) -> int | None:
    """Count the start of a sign-in elsewhere; return the seconds to wait, or None."""
    network = _subject("start", network_of(address_of(request)))
    return RATES.take(network, limit=limit, window=WINDOW_S)


def purge() -> int:
    """Delete the counters that no longer count."""
    return RATES.purge()


def _subject(kind: str, value: str) -> str:
    digest = keys.digest("sign-in", value.encode("utf-8", "replace"))
    return f"{kind}:{digest.hex()[:40]}"


def _is_known(username: str, network: str) -> bool:
    """Tell whether this name signed in from this network recently."""
    rows = AccessLog.objects.filter(
        username=username, attempt_time__gt=timezone.now() - KNOWN_FOR
    )
    latest = rows.order_by("-id").values_list("ip_address", flat=True)
    return any(
        address is not None and network_of(str(address)) == network
        for address in latest[:KNOWN_LOOKED_AT]
    )


class SignInBackend(ModelBackend):
    """Checks a password within the limits; an unknown name costs as much as a known one."""

    def authenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user, or None; the middleware answers what is over a limit."""
        if request is None or username is None or password is None:
            return super().authenticate(request, username, password, **kwargs)
        try:
            attempt = begin(request, username)
        except TooManyAttempts as error:
            request.sign_in_refused = error  # type: ignore[attr-defined]
            # The record of attempts must not grow with refused ones.
            request.axes_locked_out = True  # type: ignore[attr-defined]
            raise PermissionDenied from error
        try:
            user = super().authenticate(request, username, password, **kwargs)
        except HashingBusy:
            attempt.abandoned()
            raise
        if user is not None:
            attempt.succeeded()
        return user


class SignInMiddleware:
    """Answers refused sign-ins, and limits the form that changes a password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        attempt = None
        if _changes_password(request):
            try:
                attempt = begin(request, request.user.get_username())
            except TooManyAttempts as error:
                return too_many(request, error.seconds)
        response = self.get_response(request)
        # The form answers a right old password, and nothing else, by a redirect or by
        # what is wrong with the new one.
        if attempt is not None and _was_right(response):
            attempt.succeeded()
            if response.status_code == 302:
                # The new password ended all sessions of the account.
                sessions.reopen(request)
        refused = getattr(request, "sign_in_refused", None)
        return response if refused is None else too_many(request, refused.seconds)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Answer 503 where too many passwords are being checked."""
        if not isinstance(error, HashingBusy):
            return None
        logger.warning("sign_in.busy")
        return _page(
            request, 503, gettext("Too many people sign in right now."), BUSY_RETRY_S
        )


def too_many(
    request: HttpRequest, seconds: int, title: Words = WRONG_PASSWORDS
) -> HttpResponse:
    return _page(request, 429, title, seconds)


def _changes_password(request: HttpRequest) -> bool:
    return (
        request.method == "POST"
        and request.path == reverse("admin:password_change")
        and request.user.is_authenticated
    )


def _was_right(response: HttpResponse) -> bool:
    form = (getattr(response, "context_data", None) or {}).get("form")
    return response.status_code == 302 or (
        form is not None and "old_password" not in form.errors
    )


def _page(
    request: HttpRequest, status: int, title: Words, seconds: int
) -> HttpResponse:
    minutes = -(-seconds // 60)
    wait = ngettext("{minutes} minute", "{minutes} minutes", minutes)
    wait = gettext("a moment") if seconds < 60 else wait.format(minutes=minutes)
    context = {"title": title, "wait": wait}
    response = render(request, "sign_in_refused.html", context, status=status)
    response.headers["Retry-After"] = str(seconds)
    return response
