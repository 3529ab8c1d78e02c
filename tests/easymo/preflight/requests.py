"""Look at one line of the checklist, under given circumstances."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core import checks

from easymo.preflight import registry
from easymo.preflight.registry import Circumstances, LineResult


def look(name: str, **given: Any) -> LineResult:
    """Return what the line of this name finds."""
    [line] = [one for one in registry.lines() if one.name == name]
    return line.look(circumstances_with(**given))


def circumstances_with(**given: Any) -> Circumstances:
    ids: tuple[str, ...] = given.pop("message_ids", ())
    messages = {one: [checks.Warning(f"About {one}.", hint="Mend.")] for one in ids}
    given.setdefault("messages", partial(dict, messages))
    return Circumstances(**given)


def real(**given: Any) -> Circumstances:
    """Return circumstances in which the check framework speaks for itself."""
    return Circumstances(messages=partial(registry.messages, ()), **given)
