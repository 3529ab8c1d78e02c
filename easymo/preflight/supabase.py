"""Pre-flight lines about Supabase: the service key works, the public key reads nothing."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings

from easymo.database.catalog import COMMON_NAMES, OUR_APPS
from easymo.preflight.code import role_of
from easymo.preflight.provider_request import Answer, NoAnswer, ask
from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    skipped,
    warning,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

URL, ANON, SERVICE = "SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY"
ASK_LIVE = "`preflight --live` asks."
# Tables that are requested in parallel.
AT_ONCE = 8
# PostgREST's error codes: postgrest.org/en/stable/references/errors.html
NO_SUCH_SCHEMA = "PGRST106"
DENIED = "42501"
UNKNOWN_TABLE = {"PGRST205", "PGRST125", "42P01"}


@line(
    "supabase.service_role",
    "The Supabase project is accessible with the service role key",
    Section.ENVIRONMENT,
    place=2,
)
def service_role_is_right(circumstances: Circumstances) -> LineResult:
    key: str = settings.SUPABASE_SERVICE_ROLE_KEY
    if not settings.SUPABASE_URL and not key:
        return skipped(
            "The database is not Supabase's, or SUPABASE_URL is not set.", "", URL
        )
    if wrong := _wrong_service_key(key):
        return wrong
    if not circumstances.live:
        return skipped(f"It is set. {ASK_LIVE}", "", SERVICE)
    try:
        answer = _get("/rest/v1/", key)
    except NoAnswer as error:
        return _silent(error)
    return ok("It is.") if answer.is_success else _refused(answer, SERVICE)


def _wrong_service_key(key: str) -> LineResult | None:
    if not settings.SUPABASE_URL or not key:
        missing = SERVICE if settings.SUPABASE_URL else URL
        return failed(f"{missing} is not set.", "Set both, or neither.", missing)
    if _role(key) not in {"service_role", ""}:
        return failed(
            f"It is the key of the role {_role(key)}.",
            "Take the service role key, from the project's API settings.",
            SERVICE,
        )
    if problem := _other_project():
        return failed(problem, "Name the project that DATABASE_URL points to.", URL)
    return None


@line(
    "supabase.anon",
    "Supabase's public key cannot read our tables",
    Section.SITE,
)
def anon_reads_nothing(circumstances: Circumstances) -> LineResult:
    key: str = settings.SUPABASE_ANON_KEY
    if not settings.SUPABASE_URL or not key:
        return skipped("SUPABASE_URL and SUPABASE_ANON_KEY are not both set.", "", ANON)
    if _role(key) == "service_role" or key.startswith("sb_secret_"):
        return failed(
            "It is a service role key, which can read everything.",
            "Put the public (anon) key here, and replace the other at once.",
            ANON,
        )
    if not circumstances.live:
        return skipped(f"It is set. {ASK_LIVE}", "", ANON)
    try:
        return _try_tables(key)
    except NoAnswer as error:
        return _silent(error)


def _try_tables(key: str) -> LineResult:
    """Request our schema, then our tables if PostgREST exposes a schema."""
    tables = sorted(_tables())
    schema: str = settings.DATABASE_SCHEMA
    first = _get(f"/rest/v1/{tables[0]}", key, schema)
    if not first.is_success and not _code(first).strip("PGRST").isalnum():
        # The answer is not PostgREST's: it proves nothing.
        return _refused(first, ANON)
    if _code(first) in {"PGRST301", "PGRST302", "PGRST303"}:
        return _refused(first, ANON)
    open_doors = []
    if _code(first) != NO_SUCH_SCHEMA:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            tried = pool.map(partial(_is_open, key=key, schema=schema), tables)
            open_doors = [
                f"{schema}.{name}"
                for name, is_open in zip(tables, tried, strict=True)
                if is_open
            ]
    # Names that an earlier system may use as well prove nothing in its own schema.
    elsewhere = [name for name in tables if name not in COMMON_NAMES]
    open_doors += [f"public.{name}" for name in elsewhere[:1] if _is_open(name, key)]
    if open_doors:
        return failed(
            f"It may read {', '.join(open_doors[:5])}"
            f"{' and more' if len(open_doors) > 5 else ''}.",
            f"Take '{schema}' out of the exposed schemas in the project's API settings, "
            "and run `python manage.py migrate`, which closes every table.",
            "DATABASE_SCHEMA",
        )
    common = [name for name in COMMON_NAMES if _is_open(name, key)]
    if common:
        return warning(
            f"It may read public.{' and public.'.join(common)}, of an earlier system.",
            "They are not ours; close them there.",
            ANON,
        )
    return ok(f"The schema '{schema}' and its {len(tables)} tables are closed to it.")


def _is_open(table: str, key: str, schema: str = "") -> bool:
    """Tell whether the table is readable; an empty answer is readable too."""
    answer = _get(f"/rest/v1/{table}", key, schema)
    code = _code(answer)
    if answer.is_success:
        return True
    if code in {DENIED, NO_SUCH_SCHEMA} | UNKNOWN_TABLE:
        return False
    raise NoAnswer(f"answered {answer.status} where a refusal was due")


def _get(path: str, key: str, schema: str = "") -> Answer:
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    if schema:
        headers["Accept-Profile"] = schema
    is_table = path != "/rest/v1/"
    params = {"select": "*", "limit": "1"} if is_table else {}
    answer = ask(settings.SUPABASE_URL + path, headers=headers, params=params)
    if answer.is_success and answer.body is None:
        # A page of some other web server proves neither reachable nor closed.
        raise NoAnswer("does not answer there: it is no JSON that came back")
    return answer


def _tables() -> Iterator[str]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in OUR_APPS and model._meta.managed:
            yield model._meta.db_table


def _code(answer: Answer) -> str:
    return str(answer.find("code") or "")


def _silent(error: NoAnswer) -> LineResult:
    return failed(
        f"Supabase {error}.", "See that SUPABASE_URL is the project's address.", URL
    )


def _refused(answer: Answer, setting: str) -> LineResult:
    match answer.status:
        case 401 | 403:
            return failed(
                f"Supabase refused the key ({answer.status}).",
                "Copy it again from the project's API settings.",
                setting,
            )
        case 404 | 301 | 302 | 308:
            return failed(
                f"There is no Supabase API at this address ({answer.status}).",
                "It looks like https://<project>.supabase.co.",
                URL,
            )
        case 540:
            return failed("The project is paused.", "Resume it at Supabase.", URL)
        case 429:
            return warning(
                "Supabase asks to wait (429).", "Try again in a minute.", URL
            )
    return failed(
        f"Supabase answered {answer.status}.", "See status.supabase.com.", URL
    )


def _role(key: str) -> str:
    """Return the role that an older key names; a newer one names none."""
    parts = key.split(".")
    if len(parts) != 3:
        return {"sb_publishable": "anon"}.get("_".join(key.split("_")[:2]), "")
    return role_of(parts[1])


def _other_project() -> str:
    """Report when address and database belong to two projects, where both are known."""
    host = urlsplit(settings.SUPABASE_URL).hostname or ""
    named = re.fullmatch(r"([a-z0-9]{16,})\.supabase\.(?:co|in)", host)
    database = settings.DATABASES["default"]
    direct = re.fullmatch(
        r"db\.([a-z0-9]{16,})\.supabase\.(?:co|in)", str(database.get("HOST", ""))
    )
    pooled = re.fullmatch(r"\w+\.([a-z0-9]{16,})", str(database.get("USER", "")))
    used = direct or pooled
    if named and used and named[1] != used[1]:
        return "SUPABASE_URL and DATABASE_URL are two different projects."
    return ""
