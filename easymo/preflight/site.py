"""Pre-flight lines about the site's settings and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core import checks

from easymo import keys
from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    warning,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = Section.SITE


@line("site.keys", "EASYMO_KEYS are set, and kept elsewhere too", SITE)
def keys_are_kept(circumstances: Circumstances) -> LineResult:
    """State each time what losing the keys means."""
    if not settings.EASYMO_KEYS:
        return failed(
            "There are no keys.",
            "Make one: echo k1:$(openssl rand -base64 32)",
            "EASYMO_KEYS",
        )
    sealed = keys.seal("preflight", b"canary")
    if keys.unseal("preflight", sealed) != b"canary":
        return failed("The keys do not open what they seal.", "", "EASYMO_KEYS")
    count = len(settings.EASYMO_KEYS)
    many = f"{count} keys, '{keys.writing_key_id()}' writes" if count > 1 else "One key"
    return ok(
        f"{many}. Losing EASYMO_KEYS loses the codes: no voucher that was issued could "
        "be redeemed by its code any more. Keep a copy apart from the database's backup."
    )


@line("site.debug", "DEBUG is off", SITE, is_for_sites=True)
def debug_is_off(circumstances: Circumstances) -> LineResult:
    if circumstances.message("security.W018", "site.W001"):
        return failed(
            "DEBUG is on: pages show details of failures.",
            "Set DEBUG=false, or take it out.",
            "DEBUG",
        )
    return ok("It is off.")


@line("site.secret_key", "SECRET_KEY is long and random", SITE, is_for_sites=True)
def secret_key_is_strong(circumstances: Circumstances) -> LineResult:
    if circumstances.message("security.W009", "security.W025"):
        return circumstances.lacking(
            "It is short, or made of few characters.",
            "Set SECRET_KEY to what `openssl rand -base64 48` prints.",
            "SECRET_KEY",
        )
    return ok("It is.")


@line("site.https", "Only HTTPS is answered", SITE, is_for_sites=True)
def https_only(circumstances: Circumstances) -> LineResult:
    redirect = circumstances.message("security.W004", "security.W008")
    circumstances.message("security.W005", "security.W021")
    if redirect:
        return warning(
            "Plain HTTP is answered too.",
            "Set HTTPS_ONLY=true, and BEHIND_PROXY=true where a proxy speaks TLS for "
            "this site.",
            "HTTPS_ONLY",
        )
    if not settings.BEHIND_PROXY:
        return warning(
            "HTTPS_ONLY is on, and BEHIND_PROXY is not: behind a proxy that speaks TLS "
            "every page would redirect to itself.",
            "Set BEHIND_PROXY=true where there is such a proxy.",
            "BEHIND_PROXY",
        )
    return ok("Plain HTTP is sent on to HTTPS, and browsers are told for a year.")


@line("site.hosts", "The site knows its names", SITE, is_for_sites=True)
def hosts_are_named(circumstances: Circumstances) -> LineResult:
    if (
        circumstances.message("site.W002", "security.W020")
        or "*" in settings.ALLOWED_HOSTS
    ):
        return failed(
            "ALLOWED_HOSTS holds *, or nothing: links can be made to point anywhere.",
            "Name the hosts that this site answers to.",
            "ALLOWED_HOSTS",
        )
    own = {"localhost", "127.0.0.1", "[::1]", "testserver"}
    if not set(settings.ALLOWED_HOSTS) - own:
        return circumstances.lacking(
            "ALLOWED_HOSTS names this machine only: other hosts are refused.",
            "Name the public host besides.",
            "ALLOWED_HOSTS",
        )
    plain = [o for o in settings.CSRF_TRUSTED_ORIGINS if not o.startswith("https://")]
    if plain and settings.HTTPS_ONLY:
        return warning(
            f"{len(plain)} of CSRF_TRUSTED_ORIGINS is not https.",
            "Forms from there would be trusted over an open line: make it https://.",
            "CSRF_TRUSTED_ORIGINS",
        )
    return ok(f"{len(settings.ALLOWED_HOSTS)} hosts, no wildcard.")


def remaining(circumstances: Circumstances) -> LineResult:
    """Report the framework's messages that no line has taken over; runs last."""
    left = sorted(_left(circumstances), key=lambda one: (-one.level, str(one.id)))
    if not left:
        return ok("Django's checks and ours find nothing else.")
    words = " ".join(dict.fromkeys(f"{one.msg} ({one.id})" for one in left[:6]))
    more = f" And {len(left) - 6} more." if len(left) > 6 else ""
    hints = " ".join(dict.fromkeys(str(one.hint) for one in left[:6] if one.hint))
    remedy = hints or "`manage.py check --deploy` shows them."
    kind = failed if left[0].level >= checks.ERROR else warning
    return kind(f"{words}{more}", remedy)


def _left(circumstances: Circumstances) -> Iterator[checks.CheckMessage]:
    for name, found in circumstances.messages().items():
        if name not in circumstances.taken:
            yield from (one for one in found if one.level >= checks.WARNING)
