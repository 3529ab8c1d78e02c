"""Sign-in by an identity provider, over mozilla-django-oidc.

The library does the code flow with state, nonce and PKCE. It checks of the ID token the
signature and the nonce only, and finds accounts by e-mail address; both are replaced here.
An account belongs to one subject of one issuer, for ever. Its groups are those that the
provider's groups are mapped to, at each sign-in; without one it may not sign in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt
import requests
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
)

from easymo.backoffice import sign_in
from easymo.backoffice.models import OidcIdentity
from easymo.database.authorship import Author, authored
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

logger = get_logger(__name__)

SOURCE = "oidc"
ACTOR = "identity provider"
LEEWAY_S = 30
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "nonce")
# Starts from one network in the window of `sign_in`: each makes a row of a session.
STARTS = 60
LONGEST_SUBJECT = 255


class Refused(Exception):
    """The identity provider's answer does not let this person in; the code says why."""


class OidcBackend(OIDCAuthenticationBackend):
    """Checks the ID token, and finds or makes the account of its subject."""

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, **kwargs: Any
    ) -> User | None:
        """Return the account, or None; the log has the reason."""
        # Only the callback has both, from the session that began the sign-in.
        if not (request and kwargs.get("nonce") and kwargs.get("code_verifier")):
            return None
        try:
            user: User | None = super().authenticate(request, **kwargs)
        except Refused as error:
            reason = str(error)
        except requests.RequestException:
            reason = "provider_unavailable"
        except jwt.PyJWTError as error:
            reason = type(error).__name__
        except (SuspiciousOperation, LookupError, ValueError, TypeError):
            reason = "bad_token"
        except IntegrityError:
            # Two first sign-ins of one person at once: the next one works.
            reason = "twice_at_once"
        else:
            return user
        logger.warning("sign_in.oidc.refused", reason=reason)
        # The record of attempts would store the address with its code.
        request.axes_locked_out = True  # type: ignore[attr-defined]
        return None

    def verify_token(self, token: str, **kwargs: Any) -> dict[str, Any]:
        """Return the claims of a token that is signed, ours, in time and of this sign-in."""
        if jwt.get_unverified_header(token).get("alg") != self.OIDC_RP_SIGN_ALGO:
            raise Refused("wrong_algorithm")
        claims: dict[str, Any] = jwt.decode(
            token,
            self.retrieve_matching_jwk(token),
            algorithms=[self.OIDC_RP_SIGN_ALGO],
            issuer=settings.OIDC_ISSUER,
            audience=self.OIDC_RP_CLIENT_ID,
            leeway=LEEWAY_S,
            options={"require": list(REQUIRED)},
        )
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.OIDC_RP_CLIENT_ID) != (
            self.OIDC_RP_CLIENT_ID
        ):
            raise Refused("wrong_party")
        if not hmac.compare_digest(str(claims["nonce"]), str(kwargs["nonce"])):
            raise Refused("wrong_nonce")
        return claims

    def get_or_create_user(  # type: ignore[override]
        self, access_token: str, id_token: str, payload: dict[str, Any]
    ) -> User:
        """Return the account of the subject with the groups that the provider gives."""
        subject = payload["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise Refused("bad_subject")
        roles = _roles(payload.get(settings.OIDC_GROUPS_CLAIM))
        # The provider is the author, also where another account is signed in.
        with authored(lambda: Author(SOURCE, ACTOR)), transaction.atomic():
            user = _account(subject, payload, may_be_new=bool(roles))
            if user is not None:
                _give(user, roles)
        if user is None or not roles:
            raise Refused("no_role")
        if not user.is_active:
            raise Refused("deactivated")
        user.proved_at = _moment(payload.get("auth_time"))  # type: ignore[attr-defined]
        logger.info("sign_in.oidc.succeeded", user_id=user.pk, roles=sorted(roles))
        return user


def _moment(seconds: object) -> datetime | None:
    """Return when the provider asked the person; None when it does not say."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    now = timezone.now()
    try:
        return min(now, datetime.fromtimestamp(seconds, tz=UTC))
    except (OverflowError, ValueError, OSError):
        return None


def _roles(groups: object) -> set[str]:
    """Return the roles of the provider's groups; an unexpected claim gives none."""
    named = [groups] if isinstance(groups, str) else groups
    if not isinstance(named, list):
        return set()
    return {
        settings.OIDC_ROLES[name]
        for name in named
        if isinstance(name, str) and name in settings.OIDC_ROLES
    }


def _account(subject: str, claims: dict[str, Any], *, may_be_new: bool) -> User | None:
    issuer = settings.OIDC_ISSUER
    known = OidcIdentity.objects.filter(issuer=issuer, subject=subject)
    identity = known.select_related("user").first()
    if identity is not None:
        return User.objects.select_for_update().get(pk=identity.user_id)
    if not may_be_new:
        return None
    user = User.objects.create_user(_username(subject, claims), is_staff=True)
    OidcIdentity.objects.create(issuer=issuer, subject=subject, user=user)
    return user


def _username(subject: str, claims: dict[str, Any]) -> str:
    """Return a readable name that no other account and no other subject has."""
    wished = str(claims.get("preferred_username") or "").partition("@")[0]
    readable = re.sub(r"[^a-z0-9._-]", "", wished.casefold())[:40] or "person"
    text = f"{settings.OIDC_ISSUER}\n{subject}"
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _give(user: User, roles: set[str]) -> None:
    """Give the account exactly these groups, and take all other rights."""
    user.groups.set(Group.objects.filter(name__in=roles))
    user.user_permissions.clear()
    if user.is_superuser or user.is_staff != bool(roles):
        user.is_superuser, user.is_staff = False, bool(roles)
        user.save(update_fields=["is_superuser", "is_staff"])


class Start(OIDCAuthenticationRequestView):
    """Sends the browser to the identity provider."""

    def dispatch(self, request: HttpRequest, *args: Any) -> HttpResponseBase:
        if not settings.OIDC_ENABLED:
            raise Http404
        if seconds := sign_in.take_start(request, limit=STARTS):
            return sign_in.too_many(request, seconds)
        return super().dispatch(request, *args)  # type: ignore[no-any-return]

    def get_extra_params(self, request: HttpRequest) -> dict[str, Any]:
        """Let the provider ask again for password and code where that is needed."""
        asked = {"prompt": "login", "max_age": 0} if "again" in request.GET else {}
        return {**super().get_extra_params(request), **asked}


class Callback(OIDCAuthenticationCallbackView):
    """Takes the answer of the identity provider."""

    def dispatch(self, request: HttpRequest, *args: Any) -> HttpResponseBase:
        if not settings.OIDC_ENABLED:
            raise Http404
        return super().dispatch(request, *args)  # type: ignore[no-any-return]

    @property
    def failure_url(self) -> str:
        return reverse("admin:login")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        # The library would sign out a person who opens an address with an error in it.
        if "error" in request.GET:
            logger.warning("sign_in.oidc.refused", reason="provider_refused")
            return self.login_failure()
        try:
            return super().get(request)  # type: ignore[no-any-return]
        except SuspiciousOperation:
            logger.warning("sign_in.oidc.refused", reason="unknown_state")
            return self.login_failure()

    def login_failure(self) -> HttpResponseBase:
        messages.error(
            self.request,
            "The sign-in did not work, or your account has no role here. Try again, or"
            " ask the people who manage your organisation's accounts.",
        )
        return super().login_failure()  # type: ignore[no-any-return]
