"""Pre-flight lines about the code: the record of `make check`, and no secrets in served
files.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from easymo import release
from easymo.observability.secrets import mask_secrets
from easymo.paths import BASE_DIR
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
    from collections.abc import Callable, Iterator

CODE = Section.CODE
CHECK = "Run `make check` on this very release, and deploy var/checked.json with it."
LARGEST = 8_000_000
_START = r"(?<![A-Za-z0-9+/=_.-])"
SECRETS = {
    "an OpenAI key": re.compile(_START + r"sk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,}"),
    "a Meta token": re.compile(_START + r"EAA[A-Za-z0-9]{30,}"),
    "a Supabase secret key": re.compile(_START + r"sb_secret_[A-Za-z0-9_-]{16,}"),
    "a webhook secret": re.compile(_START + r"whsec_[A-Za-z0-9+/=_-]{16,}"),
    "an easymo token": re.compile(_START + r"easymo_[A-Za-z0-9_-]{40,}"),
    "a Slack address": re.compile(r"hooks\.slack\.com/services/T\w+/B\w+/\w+"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a database's password": re.compile(
        r"postgres(?:ql)?://[^\s:/@'\"<>{}]+:(?!password@)[^\s@/'\"<>{}]{4,}@"
    ),
}
JWT = re.compile(_START + r"eyJ[A-Za-z0-9_-]{10,}\.(eyJ[A-Za-z0-9_-]{10,})\.[\w-]{10,}")


def _recorded(part: str) -> Callable[[Circumstances], LineResult]:
    def look(circumstances: Circumstances) -> LineResult:
        record = release.read_record(Path(settings.CHECK_RECORD))
        if record is None and circumstances.is_demonstration:
            return skipped("A demonstration, for this machine only.")
        if record is None:
            return warning("Nothing was written down for this release.", CHECK)
        if record.fingerprint != release.fingerprint():
            return failed(
                "It passed for other files than these "
                f"({record.at:%Y-%m-%d %H:%M} UTC).",
                CHECK,
                "CHECK_RECORD",
            )
        if part not in record.passed:
            return failed("It is not among what passed.", CHECK, "CHECK_RECORD")
        return ok(
            f"`make check` passed for these files at {record.at:%Y-%m-%d %H:%M} UTC."
        )

    return look


for _name, _part, _title in (
    ("code.tests", "tests", "All tests pass"),
    ("code.build", "build", "The build succeeds: locked parts, migrations, API schema"),
    ("code.types", "types", "The types are right"),
    ("code.lint", "lint", "Linting passes"),
):
    line(_name, _title, CODE)(_recorded(_part))


@line("code.secrets", "No secret is in the files that browsers get", CODE)
def nothing_secret_is_served(circumstances: Circumstances) -> LineResult:
    """Read every template and static file; the guide's VITE_* and NEXT_PUBLIC_*."""
    count, found = 0, []
    for path in sorted(served_files()):
        count += 1
        found += [f"{_shown(path)}: {kind}" for kind in secrets_in(_text(path))]
    if found:
        more = f" And {len(found) - 5} more." if len(found) > 5 else ""
        return failed(
            "; ".join(found[:5]) + "." + more,
            "Remove it and replace the secret: visitors of the page may have it.",
        )
    return ok(f"{count} templates and static files, none of them holds one.")


def secrets_in(text: str) -> list[str]:
    """Return the kinds of secrets found in a text; never a secret itself."""
    found = [kind for kind, pattern in SECRETS.items() if pattern.search(text)]
    if mask_secrets(text) != text:
        found.append("a secret of these settings")
    for match in JWT.finditer(text):
        role = role_of(match[1])
        found.append(f"a signed token{f' of the role {role}' if role else ''}")
    return found


def served_files() -> set[Path]:
    """Return the files that a browser may receive, or that are rendered for it."""
    found: set[Path] = set()
    for finder in get_finders():
        for name, storage in finder.list([]):
            found.add(Path(storage.path(name)))
    for folder in _template_folders():
        found.update(path for path in folder.rglob("*") if path.is_file())
    return found


def _template_folders() -> Iterator[Path]:
    for engine in settings.TEMPLATES:
        folders = cast("list[str | Path]", engine["DIRS"])
        yield from (Path(folder) for folder in folders)
    for config in apps.get_app_configs():
        folder = Path(config.path) / "templates"
        if folder.is_dir():
            yield folder


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _shown(path: Path) -> str:
    return (
        path.relative_to(BASE_DIR).as_posix()
        if path.is_relative_to(BASE_DIR)
        else path.name
    )


def role_of(payload: str) -> str:
    """Return the role that the payload of a JSON web token names, or an empty text."""
    try:
        claims = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        )
    except (ValueError, binascii.Error):
        return ""
    role = claims.get("role") if isinstance(claims, dict) else None
    return role if isinstance(role, str) and role.isidentifier() else ""
