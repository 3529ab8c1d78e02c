"""Create, list and revoke API tokens; only a hash of the secret is stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from ipaddress import IPv6Address, ip_address, ip_network
from logging import DEBUG, WARNING
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.core.errors import TokenError
from agents.models import ApiToken
from agents.models.api import SCOPES
from easymo.observability.logs import get_logger
from easymo.sentences import translatable
from vouchers.errors import UnknownStation
from vouchers.models import Station
from vouchers.services.profiles import find_station

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

logger = get_logger(__name__)

PREFIX = "easymo_"
MOST_NETWORKS = 20
INTERNAL = "agent-core-internal"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._@:/-]{0,48}[A-Za-z0-9])?")


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def create_token(
    *,
    name: str,
    scopes: Sequence[str],
    station: str | None,
    actor: str,
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Create a token; return its row and the secret, which is not stored."""
    if not _NAME.fullmatch(name) or name == INTERNAL:
        raise TokenError(
            translatable(
                "A name has 1 to 50 letters, digits, spaces or . _ @ : / - and begins and ends with a letter or digit."
            )
        )
    if expires_at is not None and expires_at <= timezone.now():
        raise TokenError(translatable("A token expires in the future."))
    secret = PREFIX + secrets.token_urlsafe(32)
    try:
        bound_to = find_station(station) if station else None
        with transaction.atomic():
            row = ApiToken.objects.create(
                name=name,
                digest=digest_of(secret),
                scopes=known_scopes(scopes),
                station=bound_to,
                networks=known_networks(networks),
                expires_at=expires_at,
                created_by=actor,
            )
    except UnknownStation as error:
        raise TokenError(str(error)) from error
    except IntegrityError as error:
        raise TokenError(
            translatable("There is a token called {name} already.", name=name)
        ) from error
    return row, secret


def known_scopes(scopes: Sequence[str]) -> list[str]:
    """Return the scopes in a fixed order, each once."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise TokenError(
            translatable(
                "There is no scope {scope}: there are {known}.",
                scope=unknown[0],
                known=", ".join(SCOPES),
            )
        )
    if not scopes:
        raise TokenError(translatable("A token needs at least one scope."))
    return [scope for scope in SCOPES if scope in scopes]


def known_networks(texts: Sequence[str]) -> list[str]:
    """Return addresses and networks in their usual form, each once."""
    found = []
    for text in texts:
        try:
            found.append(str(ip_network(text.strip(), strict=True)))
        except ValueError as error:
            raise TokenError(
                translatable(
                    "{text} is no address and no network: write 203.0.113.7 or 203.0.113.0/24.",
                    text=text.strip()[:50],
                )
            ) from error
    if len(found) > MOST_NETWORKS:
        raise TokenError(
            translatable(
                "A token has at most {most} networks.",
                most=MOST_NETWORKS,
            )
        )
    return list(dict.fromkeys(found))


def is_allowed_from(row: ApiToken, address: str) -> bool:
    """Tell whether calls with this token may come from the address."""
    if not row.networks:
        return True
    try:
        caller = ip_address(address)
    except ValueError:
        return False
    if isinstance(caller, IPv6Address) and caller.ipv4_mapped is not None:
        caller = caller.ipv4_mapped
    return any(caller in ip_network(network) for network in row.networks)


def is_in_force(row: ApiToken) -> bool:
    """Tell whether the token is neither revoked nor expired."""
    is_expired = row.expires_at is not None and row.expires_at <= timezone.now()
    return row.revoked_at is None and not is_expired


def revoke_token(
    *, name: str, actor: str, reason: str, is_planned: bool = False
) -> ApiToken:
    """Revoke a token; after the return no call commits with it.

    ``is_planned`` lowers the log level, for tokens with a short planned life.
    """
    sync_internal()
    with transaction.atomic():
        row = (
            ApiToken.objects.select_for_update(of=("self",))
            .filter(name=name, revoked_at__isnull=True)
            .first()
        )
        if row is None:
            raise TokenError(
                translatable("There is no token called {name} in force.", name=name)
            )
        _revoke(row, actor, reason, level=DEBUG if is_planned else WARNING)
    return row


def all_tokens() -> list[ApiToken]:
    """Return every token, those in force first."""
    sync_internal()
    rows = ApiToken.objects.select_related("station")
    return sorted(rows, key=lambda row: (row.revoked_at is not None, row.name, row.pk))


def sync_internal() -> ApiToken | None:
    """Create or update the row of the token from the environment.

    It is listed and revocable like any other token. A new value in the environment is a
    new token, and revokes the previous one.
    """
    secret = settings.AGENT_CORE_INTERNAL_TOKEN
    digest = digest_of(secret) if secret else b""
    in_force = ApiToken.objects.filter(name=INTERNAL, revoked_at__isnull=True)
    row = ApiToken.objects.filter(digest=digest).first() if secret else None
    if not in_force.exclude(digest=digest).exists() and row is not None:
        return _as_configured(row)
    with transaction.atomic():
        for older in in_force.exclude(digest=digest).select_for_update(of=("self",)):
            _revoke(older, "environment", "Replaced in the environment.")
        if secret and row is None:
            row, _ = ApiToken.objects.get_or_create(
                digest=digest,
                defaults={
                    "name": INTERNAL,
                    "scopes": known_scopes(settings.AGENT_CORE_INTERNAL_SCOPES),
                    "is_internal": True,
                    "created_by": "environment",
                },
            )
    return _as_configured(row) if row else None


def _as_configured(row: ApiToken) -> ApiToken:
    """Set scopes and station from the environment; without redeem if it is unknown."""
    if not row.is_internal:
        return row
    scopes = known_scopes(settings.AGENT_CORE_INTERNAL_SCOPES)
    station = None
    if code := settings.AGENT_CORE_INTERNAL_STATION:
        station = Station.objects.filter(code=code).first()
        if station is None:
            logger.error("api.token.unknown_station", token_id=row.pk)
            # An unbound token would be allowed more than a bound one.
            scopes = [scope for scope in scopes if scope != "redeem"] or ["lookup"]
    station_id = station.pk if station else None
    if (row.scopes, row.station_id) != (scopes, station_id):
        row.scopes, row.station = scopes, station
        row.save(update_fields=["scopes", "station"])
    return row


def _revoke(row: ApiToken, actor: str, reason: str, *, level: int = WARNING) -> None:
    row.revoked_at, row.revoked_by, row.revoke_reason = timezone.now(), actor, reason
    row.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    logger.log(level, "api.token.revoked", token_id=row.pk)
