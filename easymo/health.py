"""Health, readiness and metrics endpoints, and the landing page."""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import (
    DatabaseError,
    InterfaceError,
    connection,
    transaction,
)
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from psycopg.errors import DiskFull

from agents.operations.backlog import oldest_waiting
from easymo.database.clock import LONGEST_SILENCE_S, worker_silence
from easymo.observability import metrics
from easymo.observability.logs import get_logger
from rollout.policy.verdicts import EVALUATOR_SILENT_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

logger = get_logger(__name__)

SLOWEST_MS = 2_000
# A crash is over within 60 seconds; a message that waits twice as long means a fault.
LONGEST_WAIT_S = 120
OK = "ok"
# The disk is tried at most this often by each process.
DISK_EVERY_S = 10
# Parts that are reported only: here they do not make the answer 503.
TOLD_ONLY = {"evaluator"}
_migrated = False
_disk_tried_at = -float("inf")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process can answer at all."""
    return JsonResponse({"status": "live"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when this process can take requests, else 503 with the failing parts.

    It says nothing of workers: a load balancer that asked for them here would take the
    webhooks away while a worker restarts.
    """
    return _answer({"database": _database, "migrations": _migrations, "disk": _disk})


@never_cache
@require_safe
def readyz_workers(request: HttpRequest) -> HttpResponse:
    """Answer 200 when workers do what is waiting, else 503 with the failing parts."""
    return _answer(
        {
            "database": _database,
            "migrations": _migrations,
            "worker": _worker,
            "oldest_waiting_message": _waiting,
            "evaluator": _evaluator,
        }
    )


def _answer(checks: dict[str, Callable[[], str]]) -> JsonResponse:
    parts = _parts(checks)
    failing = [
        name for name, state in parts.items() if state != OK and name not in TOLD_ONLY
    ]
    if failing:
        logger.warning("readiness.failed", failing=failing)
    body = {"status": "ready" if not failing else "not ready", "failing": failing}
    return JsonResponse(body | {"parts": parts}, status=503 if failing else 200)


class ProbeLane:
    """Answer the probes under any Host header: a load balancer uses an address.

    The probes show nothing that depends on the host, and no other page skips the check.
    """

    PROBES: ClassVar = {
        "/healthz": healthz,
        "/readyz": readyz,
        "/readyz/workers": readyz_workers,
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self.PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        response = probe(request)
        response.headers["Content-Length"] = str(len(response.content))
        return response


@never_cache
@csrf_exempt
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus; 404 when no METRICS_TOKEN is set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("There is no such page.\n", "text/plain", 404)
    given = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        answer = HttpResponse(
            "The metrics token is missing or wrong.\n", "text/plain", 401
        )
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    try:
        # Check the database once: otherwise each collector would wait for it again.
        _database()
    except (DatabaseError, InterfaceError):
        logger.warning("metrics.unreachable")
        return HttpResponse("The database cannot be reached.\n", "text/plain", 503)
    return HttpResponse(metrics.render(), content_type=CONTENT_TYPE_LATEST)


def _parts(checks: dict[str, Callable[[], str]]) -> dict[str, str]:
    parts: dict[str, str] = {}
    for name, check in checks.items():
        if parts.get("database", OK) != OK or parts.get("migrations", OK) != OK:
            parts[name] = "unknown"
            continue
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {SLOWEST_MS:d}")
                parts[name] = check()
        except (DatabaseError, InterfaceError) as error:
            parts[name] = _failure(name, error)
    return parts


def _failure(name: str, error: Exception) -> str:
    if isinstance(error.__cause__, DiskFull):
        return "full"
    return "unreachable" if name == "database" else "cannot be read"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only')")
        (is_read_only,) = cursor.fetchone() or ("off",)
    return "read only" if is_read_only == "on" else OK


def _migrations() -> str:
    global _migrated  # noqa: PLW0603 - once applied, they stay so for this process
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return OK if _migrated else "not applied"


def _disk() -> str:
    """Let the database write a temporary file: on a full or read-only disk it cannot.

    The sort is larger than the memory that it may use; nothing of it stays.
    """
    global _disk_tried_at  # noqa: PLW0603 - the last success of this process
    if time.monotonic() - _disk_tried_at < DISK_EVERY_S:
        return OK
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM generate_series(1, 5000) AS n"
            " ORDER BY md5(n::text) OFFSET 0) AS sorted"
        )
    _disk_tried_at = time.monotonic()
    return OK


def _worker() -> str:
    silence = worker_silence()
    if silence is None:
        return "no worker"
    return OK if silence <= LONGEST_SILENCE_S else f"silent for {silence:.0f} s"


def _evaluator() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - ticked_at)::float8"
            " FROM rollout_evaluatorlease WHERE id = 1"
        )
        (silence,) = cursor.fetchone() or (None,)
    if silence is None:
        return "has never looked"
    is_heard = silence <= EVALUATOR_SILENT_AFTER.total_seconds()
    return OK if is_heard else f"silent for {silence:.0f} s"


def _waiting() -> str:
    late = [
        f"{kind} waiting for {age:.0f} s"
        for kind, age in oldest_waiting().items()
        if age > LONGEST_WAIT_S
    ]
    return ", ".join(late) or OK


@csrf_exempt
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Show what this is and where to go; no data."""
    context = {
        "demonstration": settings.DEMONSTRATION,
        "simulator": settings.DEMONSTRATION or settings.SIMULATOR_ENABLED,
    }
    return render(request, "landing.html", context)
