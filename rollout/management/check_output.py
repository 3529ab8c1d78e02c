"""Output of pre-flight and smoke tests."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.management.base import OutputWrapper

    from rollout.models import CheckRun


def write_run(
    stdout: OutputWrapper,
    run: CheckRun,
    *,
    is_json: bool,
    lines_key: str,
    url: str | None = None,
) -> None:
    """Print a run, and exit with 1 when it has not passed."""
    if is_json:
        found = as_json(run, lines_key) | ({"url": url} if url else {})
        stdout.write(json.dumps(found, indent=2))
    else:
        stdout.write("\n".join([*([url] if url else []), *as_lines(run)]))
    if not run.passed:
        sys.exit(1)


def as_json(run: CheckRun, lines_key: str) -> dict[str, Any]:
    return {
        "kind": run.kind,
        "passed": run.passed,
        "release": run.release,
        "live": run.is_live,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "counts": run.counts,
        lines_key: run.results,
    }


def as_lines(run: CheckRun) -> Iterator[str]:
    """Return one line per result: status, title, detail, and what to correct."""
    section = ""
    for result in run.results:
        if result.get("section", "") != section:
            section = result["section"]
            yield f"{section}:"
        text = f"{result['status']:<8} {result['title']}: {result['detail']}"
        if result["status"] in {"failed", "warning"} and result["remedy"]:
            text += f" Mend: {result['remedy']}"
        if result["status"] != "ok" and result.get("setting"):
            text += f" [{result['setting']}]"
        yield text
    counts = ", ".join(_count(status, n) for status, n in run.counts.items() if n)
    yield f"{'Passed' if run.passed else 'NOT passed'}: {counts}. Release {run.release}."


def _count(status: str, number: int) -> str:
    return f"{number} {status}{'s' if status == 'warning' and number > 1 else ''}"
