"""Authenticate the token of a call, and check its scope.

The token is read from the database for each request, so that a revocation takes effect
at once.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission

from agents.api import tokens
from agents.api.refusals import Refusal
from agents.core import call_rate
from agents.models import ApiToken
from easymo import keys
from easymo.addresses import address_of, network_of

if TYPE_CHECKING:
    from rest_framework.request import Request

LONGEST_TOKEN = 512
REFUSED_A_MINUTE = 20
_NOTE_USE_EVERY = timedelta(minutes=1)
_NOTE_USE = """
UPDATE agents_apitoken SET last_used_at = clock_timestamp() WHERE id = (
    SELECT id FROM agents_apitoken WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
"""


class TokenAuthentication(BaseAuthentication):
    """Finds the token of a request; `request.auth` is its row."""

    def authenticate(self, request: Request) -> tuple[ApiToken, ApiToken] | None:
        """Return the token, or None without a valid one.

        Raises the refusal 429 for an address that presents too many wrong tokens.
        """
        presented = _presented_tokens(request)
        if not presented:
            return None
        token = _find_token(presented)
        if token is None:
            if seconds := _count_refused(request):
                raise Refusal(
                    "rate_limited", "Too many refused tokens.", retry_after=seconds
                )
            return None
        _refuse_limited(token, request)
        _note_use(token)
        return token, token


class HasScope(BasePermission):
    """The request has a token with the scope of the view's function, if it has one."""

    def has_permission(self, request: Request, view: Any) -> bool:
        function = getattr(view, "function", None)
        if function is not None:
            self.message = f"This token has no scope {function.scope}."
        token = request.auth
        return isinstance(token, ApiToken) and (
            function is None or function.scope in token.scopes
        )


def token_of(request: Request) -> ApiToken:
    """Return the token of a request that passed `HasScope`."""
    assert isinstance(request.auth, ApiToken)
    return request.auth


class TokenSecurityScheme(OpenApiAuthenticationExtension):
    """Describes the three headers that carry a token."""

    target_class = TokenAuthentication
    name = ["token", "agentJwt", "agentToken"]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        """Any one of the headers is enough."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> Any:
        return [
            {"type": "http", "scheme": "bearer"},
            {"type": "apiKey", "in": "header", "name": "X-Agent-JWT"},
            {"type": "apiKey", "in": "header", "name": "X-Agent-Token"},
        ]


def _presented_tokens(request: Request) -> list[str]:
    """Return the tokens of the request; one valid token is enough.

    The gateway of the earlier system used `Authorization` for its own key, so its
    callers send ours in a separate header.
    """
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    found = [
        bearer if scheme.lower() == "bearer" else "",
        request.headers.get("X-Agent-JWT", ""),
        request.headers.get("X-Agent-Token", ""),
    ]
    stripped = [text.strip() for text in found]
    return [text for text in stripped if 0 < len(text) <= LONGEST_TOKEN]


def _find_token(presented: list[str]) -> ApiToken | None:
    if _is_internal(presented):
        token = tokens.sync_internal()
        return token if token and token.revoked_at is None else None
    return (
        ApiToken.objects.select_related("station")
        .filter(
            digest__in=[tokens.digest_of(text) for text in presented],
            revoked_at__isnull=True,
            is_internal=False,
        )
        .first()
    )


def _refuse_limited(token: ApiToken, request: Request) -> None:
    """Refuse a right token after its expiry, or from another network than its own."""
    if token.expires_at is not None and token.expires_at <= timezone.now():
        sentence = f"This token expired on {token.expires_at:%Y-%m-%d %H:%M} UTC."
        raise Refusal("unauthorized", sentence)
    if not tokens.is_allowed_from(token, address_of(request._request)):
        sentence = "This token may not be used from this address."
        raise Refusal("forbidden", sentence)


def _is_internal(presented: list[str]) -> bool:
    expected = settings.AGENT_CORE_INTERNAL_TOKEN.encode()
    return bool(expected) and any(
        hmac.compare_digest(expected, text.encode("utf-8", "replace"))
        for text in presented
    )


def _count_refused(request: Request) -> int | None:
    network = network_of(address_of(request._request))
    digest = keys.digest("address", network.encode("utf-8", "replace"))
    return call_rate.take(f"address:{digest.hex()[:40]}", limit=REFUSED_A_MINUTE)


def _note_use(token: ApiToken) -> None:
    """Store the time of use at most once a minute; skip a row that is locked."""
    now = timezone.now()
    if token.last_used_at and now - token.last_used_at < _NOTE_USE_EVERY:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_USE, [token.pk])
