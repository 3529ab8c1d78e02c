from __future__ import annotations

import re
from typing import Any

from easymo.database.answers import BoundedConnection
from easymo.database.freshness import check
from easymo.paths import socket_folder
from easymo.settings.base import DEMONSTRATION, VAR
from easymo.settings.database_url import DatabaseUrl, parse_database_url
from easymo.settings.environment import (
    SettingError,
    env_float,
    env_int,
    env_secret,
    env_str,
)
from easymo.settings.voice import VOICE_MAX_CALLS

# Threads for database work in each web process and worker. Each may hold one
# connection; two more are for the admin and for the worker itself.
DATABASE_THREADS = env_int("DATABASE_THREADS", 8, least=1, most=64)
DATABASE_SCHEMA = env_str("DATABASE_SCHEMA", "easymo")
if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", DATABASE_SCHEMA):
    raise SettingError(
        "DATABASE_SCHEMA must be lower-case letters, digits and _ (63 at most)."
    )
if DATABASE_SCHEMA == "public" or DATABASE_SCHEMA.startswith("pg_"):
    raise SettingError("DATABASE_SCHEMA must be a schema of its own, not public.")

DEMONSTRATION_HOME = VAR / "postgres"
DEMONSTRATION_DATABASE = "easymo"


def _at(name: str) -> DatabaseUrl | None:
    text = env_secret(name)
    return parse_database_url(name, text) if text else None


_url = _at("DATABASE_URL") or DatabaseUrl(
    name=DEMONSTRATION_DATABASE,
    user="easymo",
    password="",
    host=str(socket_folder(DEMONSTRATION_HOME)),
    port="",
    options={"connect_timeout": "5", "application_name": "easymo"},
    is_transaction_pooled=False,
)
_listen = _at("DATABASE_LISTEN_URL")
if _listen and _listen.is_transaction_pooled:
    raise SettingError(
        "DATABASE_LISTEN_URL must be a direct or session connection: LISTEN fails "
        "silently through a pooler in transaction mode."
    )
_owner = None if DEMONSTRATION else _at("DATABASE_OWNER_URL")

DATABASE_IS_TRANSACTION_POOLED = _url.is_transaction_pooled
# The role that the processes use.
DATABASE_RUNTIME_ROLE = _url.role
# Another role that owns the schema and runs migrations; None: the same role.
DATABASE_OWNER: dict[str, Any] | None = _owner.settings() if _owner else None
# Connection parameters of psycopg for LISTEN. None: LISTEN is impossible, so poll.
# Empty: use the parameters of any other connection.
DATABASE_LISTEN: dict[str, str] | None = (
    _listen.parameters() if _listen else None if _url.is_transaction_pooled else {}
)
# What the runtime role may do with a table, where it is not the owner. With the tables
# that are not named it may do the four: no role but the owner may do more.
DATABASE_ALL_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_READ = ("SELECT",)
_ADD = ("SELECT", "INSERT")
# Triggers decide which columns change.
_KEEP = ("SELECT", "INSERT", "UPDATE")
# Triggers decide which rows may be deleted.
_FIXED = ("SELECT", "INSERT", "DELETE")
DATABASE_RIGHTS: dict[str, tuple[str, ...]] = {
    "auth_permission": _READ,
    "change_record": _READ,
    "django_content_type": _READ,
    "django_migrations": _READ,
    "agents_consentevent": _ADD,
    "agents_contentversion": _ADD,
    "backoffice_accountact": _ADD,
    "backoffice_oidcidentity": _ADD,
    "legacy_record": _ADD,
    "observability_leakfinding": _ADD,
    "rollout_checklisttick": _ADD,
    "rollout_flagchange": _ADD,
    "rollout_gateresult": _ADD,
    "rollout_planchange": _ADD,
    "rollout_rollbackevent": _ADD,
    "rollout_timelineentry": _ADD,
    "voucher_approval": _ADD,
    "voucher_checkpoint": _ADD,
    "voucher_event": _ADD,
    "voucher_event_seal": _ADD,
    "vouchers_erasure": _ADD,
    "agents_apitoken": _KEEP,
    "agents_colleagueact": _KEEP,
    "agents_contentdraft": _KEEP,
    "auth_group": _KEEP,
    "auth_user": _KEEP,
    "authority_change": _KEEP,
    "django_admin_log": _KEEP,
    "profiles": _KEEP,
    "rollout_agentflag": _KEEP,
    "rollout_announcement": _KEEP,
    "rollout_announcementdelivery": _KEEP,
    "rollout_epoch": _KEEP,
    "rollout_override": _KEEP,
    "rollout_plan": _KEEP,
    "rollout_stagerun": _KEEP,
    "rollout_waiver": _KEEP,
    "voucher_approval_request": _KEEP,
    "voucher_batch": _KEEP,
    "voucher_campaign": _KEEP,
    "voucher_reversal_request": _KEEP,
    "vouchers": _KEEP,
    "vouchers_station": _KEEP,
    "agents_callclaim": _FIXED,
    "rollout_agentflag_groups": _FIXED,
    "rollout_agentflag_users": _FIXED,
    "rollout_checkrun": _FIXED,
    "rollout_cohortmember": _FIXED,
    "rollout_evaluation": _FIXED,
    "voucher_note": _FIXED,
    "voucher_refusal": _FIXED,
}

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_url.settings(),
        # The pool and persistent connections exclude each other.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
    }
}
# Of the statements that run for every message (easymo/database/statements.py).
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = (
    None if DATABASE_IS_TRANSACTION_POOLED else 1
)
DATABASES["default"]["OPTIONS"]["pool"] = {
    "min_size": 1,
    "max_size": DATABASE_THREADS + 2,
    "check": check,
    "connection_class": BoundedConnection,
    # How long a request waits for a connection before it answers 503.
    "timeout": 5.0,
    "max_idle": 300.0,
    # Give up soon: the next caller tries again without the growing pauses.
    "reconnect_timeout": 1.0,
    "name": "easymo",
}


PORT = env_int("PORT", 8000, least=1, most=65_535)
# The login of a demonstration is printed on the screen: serve this machine only.
HOST = env_str("HOST", "127.0.0.1" if DEMONSTRATION else "0.0.0.0")  # noqa: S104
WEB_WORKERS = env_int("WEB_WORKERS", 1, least=1, most=64)

# Conversations that one worker keeps open while a model answers. A waiting conversation
# holds neither a thread nor a connection.
WORKER_CONCURRENCY = env_int("WORKER_CONCURRENCY", 800, least=1, most=5_000)
# The worker imports them when it starts; all other processes enqueue by name.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None
PROCRASTINATE_IMPORT_PATHS = ["agents.tasks", "rollout.tasks", "vouchers.tasks"]
# Calls beyond the limit are rejected while all the others run.
REJECTIONS_AT_ONCE = 8
# How long a stopping worker lets its jobs go on. The default is less than the five
# seconds that a process manager waits before it kills.
WORKER_GRACE_S = env_float("WORKER_GRACE_S", 4.0, least=1, most=600)
PROCRASTINATE_WORKER_DEFAULTS = {
    # A call occupies a place for minutes: calls have places of their own.
    "concurrency": WORKER_CONCURRENCY + VOICE_MAX_CALLS + REJECTIONS_AT_ONCE,
    "listen_notify": DATABASE_LISTEN is not None,
    # With LISTEN, polling only finds jobs missed during a lost connection.
    "fetch_job_polling_interval": 0.2 if DATABASE_LISTEN is None else 2.0,
    "abort_job_polling_interval": 2.0,
    "shutdown_graceful_timeout": WORKER_GRACE_S,
    "update_heartbeat_interval": 5.0,
    "stalled_worker_timeout": 30.0,
    # Our rows keep the history; finished jobs are not needed.
    "delete_jobs": "successful",
}
