"""How the runs of pre-flight and smoke tests are printed."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollout.models import CheckRun


def as_json(done: CheckRun, many: str) -> dict[str, Any]:
    """Return a run as programs read it; its lines stand under ``many``."""
    return {
        "kind": done.kind,
        "passed": done.passed,
        "release": done.release,
        "live": done.is_live,
        "started_at": done.started_at.isoformat(),
        "finished_at": done.finished_at.isoformat(),
        "counts": done.counts,
        many: done.results,
    }


def as_lines(done: CheckRun) -> Iterator[str]:
    """Write one line each: the status first, then what to mend."""
    section = ""
    for one in done.results:
        if one.get("section", "") != section:
            section = one["section"]
            yield f"{section}:"
        text = f"{one['status']:<8} {one['title']}: {one['detail']}"
        if one["status"] in {"failed", "warning"} and one["remedy"]:
            text += f" Mend: {one['remedy']}"
        if one["status"] != "ok" and one.get("setting"):
            text += f" [{one['setting']}]"
        yield text
    said = ", ".join(_said(word, n) for word, n in done.counts.items() if n)
    yield f"{'Passed' if done.passed else 'NOT passed'}: {said}. Release {done.release}."


def _said(word: str, number: int) -> str:
    return f"{number} {word}{'s' if word == 'warning' and number > 1 else ''}"


def actor_name(name: str | None) -> str:
    """Return the name given, else the login; a container may know no login."""
    if name is not None:
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"
