"""Parse a database URL in the forms that people paste.

django-environ does not read socket hosts and refuses some of Supabase's options; libpq
refuses others. An error names the setting and never shows the URL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from psycopg import pq

from easymo.settings.environment import FALSE, TRUE, SettingError

TRANSACTION_PORT = "6543"
SCHEME = re.compile(
    r"^(jdbc:)?(postgres|postgresql|pgsql|psql)(\+\w+)?://", re.IGNORECASE
)
PLACE = re.compile(
    r"^(?P<hosts>[^/?#@]*)(?:/(?P<name>[^?#@/]*))?(?:\?(?P<query>[^#]*))?(?:#.*)?$"
)
HOST = re.compile(r"^(?P<host>\[[0-9A-Fa-f:.%]+\]|[\w.%-]*)(?::(?P<port>\d*))?$")
# Options of libpq, passed on unchanged.
LIBPQ = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
# Options for the pools of other programs (Prisma, Supabase, node): ignored.
FOREIGN = frozenset(
    [
        "connection_limit",
        "pool_timeout",
        "pool_timeout_seconds",
        "prepared_statements",
        "preparethreshold",
        "schema",
        "sslaccept",
        "statement_cache_size",
        "supa",
        "uselibpqcompat",
        "workaround",
    ]
)
# A connection whose packets are dropped is given up within 30 seconds, idle or not: the
# network may lose it without closing it. Without effect on a socket of this machine.
DEAD_PEER = {
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}


@dataclass(frozen=True)
class DatabaseUrl:
    """The parsed address of a database, in libpq's terms."""

    name: str
    user: str
    password: str
    host: str
    port: str
    options: dict[str, str]
    is_transaction_pooled: bool

    @property
    def role(self) -> str:
        """The role that runs the statements. Supabase's pooler expects
        ``role.project``.
        """
        is_supabase = self.host.endswith((".supabase.com", ".supabase.co"))
        return self.user.split(".")[0] if is_supabase else self.user

    def settings(self) -> dict[str, Any]:
        """Return the address as Django's DATABASES entry."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": self.name,
            "USER": self.user,
            "PASSWORD": self.password,
            "HOST": self.host,
            "PORT": self.port,
            "OPTIONS": DEAD_PEER | self.options,
            # A server-side cursor lives longer than the pooler's transaction.
            "DISABLE_SERVER_SIDE_CURSORS": self.is_transaction_pooled,
        }

    def parameters(self) -> dict[str, str]:
        """Return the address as parameters of psycopg."""
        found = {
            "dbname": self.name,
            "user": self.user,
            "password": self.password,
            "host": self.host,
            "port": self.port,
            **DEAD_PEER,
            **self.options,
        }
        return {key: value for key, value in found.items() if value}


def parse_database_url(setting: str, text: str) -> DatabaseUrl:
    """Parse the URL of ``setting``; raise SettingError when it is wrong."""
    text = text.strip().strip("'\"")
    scheme = SCHEME.match(text)
    if scheme is None:
        raise SettingError(f"{setting} must begin with postgresql://.")
    user, password, place = _split(setting, text[scheme.end() :])
    query = _query(setting, place["query"] or "")
    hosts, ports = _hosts(setting, place["hosts"] or "")
    host = query.pop("host", "") or hosts
    port = query.pop("port", "") or ports
    user = query.pop("user", "") or user
    name = query.pop("dbname", "") or unquote(place["name"] or "") or user
    password = query.pop("password", "") or password
    if not name:
        raise SettingError(f"{setting} names no database.")
    pooled = _is_true(setting, "pgbouncer", query.pop("pgbouncer", ""))
    is_pooled = pooled or TRANSACTION_PORT in port.split(",")
    return DatabaseUrl(
        name=name,
        user=user,
        password=password,
        host=host,
        port=port,
        options=_options(setting, query, host=host, is_pooled=is_pooled),
        is_transaction_pooled=is_pooled,
    )


def _split(setting: str, rest: str) -> tuple[str, str, dict[str, str | None]]:
    """Split the account from the host, also when a password contains ``@ / ? #``."""
    ends = [match.start() for match in re.finditer("@", rest)]
    for end in [*reversed(ends), -1]:
        place = PLACE.match(rest[end + 1 :])
        if place and _is_place(place["hosts"], place["query"]):
            account = rest[:end] if end >= 0 else ""
            user, _, password = account.partition(":")
            return unquote(user), unquote(password), place.groupdict()
    raise SettingError(
        f"{setting} cannot be read. It looks like "
        "postgresql://user:password@host:5432/database; write odd characters of a "
        "password as %40 and the like."
    )


def _is_place(hosts: str, query: str | None) -> bool:
    return all(HOST.match(host) for host in hosts.split(",")) and all(
        "=" in part for part in (query or "").split("&") if part
    )


def _hosts(setting: str, text: str) -> tuple[str, str]:
    """Return hosts and ports, each separated by commas as libpq expects."""
    hosts, ports = [], []
    for part in text.split(","):
        match = HOST.match(part)
        if match is None or not _is_port(match["port"] or ""):
            raise SettingError(f"{setting} names a host or port that cannot be.")
        hosts.append(unquote(match["host"]).strip("[]"))
        ports.append(match["port"] or "")
    return ",".join(hosts), ",".join(ports) if any(ports) else ""


def _is_port(text: str) -> bool:
    return not text or 0 < int(text) < 65_536


def _query(setting: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        key, _, value = part.partition("=")
        key = unquote(key)
        if key.lower() in FOREIGN:
            continue
        if key not in LIBPQ | {"pgbouncer"}:
            shown = key if re.fullmatch(r"\w{1,40}", key) else "with an odd name"
            raise SettingError(f"{setting} has the option {shown}, which is unknown.")
        found[key] = unquote(value)
    if not all(_is_port(p) for p in found.get("port", "").split(",") if p.isdigit()):
        raise SettingError(f"{setting} names a host or port that cannot be.")
    return found


def _options(
    setting: str, query: dict[str, str], *, host: str, is_pooled: bool
) -> dict[str, str]:
    """Return libpq's options; refuse those that would be lost silently."""
    options = {"connect_timeout": "5", "application_name": "easymo", **query}
    if not options["connect_timeout"].isdigit():
        raise SettingError(f"{setting}: connect_timeout must be a number of seconds.")
    if options.get("sslmode") == "no-verify":  # node's spelling
        options["sslmode"] = "require"
    if host.endswith((".supabase.com", ".supabase.co")):
        options.setdefault("sslmode", "require")
    if options.get("sslmode", "prefer") not in SSL_MODES:
        raise SettingError(f"{setting}: sslmode must be one of {sorted(SSL_MODES)}.")
    startup = options.get("options", "")
    if "search_path" in startup:
        raise SettingError(
            f"{setting} sets a search_path. Set DATABASE_SCHEMA instead."
        )
    # `reference=project` tells Supabase's pooler which project to use.
    if startup and is_pooled and not startup.startswith("reference="):
        raise SettingError(
            f"{setting}: start-up options do not pass a pooler in transaction mode. "
            "Set them on the role (ALTER ROLE … SET …)."
        )
    return options


def _is_true(setting: str, name: str, text: str) -> bool:
    if text.lower() in TRUE:
        return True
    if not text or text.lower() in FALSE:
        return False
    raise SettingError(f"{setting}: {name} must be true or false.")
