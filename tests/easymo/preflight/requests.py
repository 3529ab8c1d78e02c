"""Look at one line of the checklist, under given circumstances."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core import checks

from easymo.preflight import registry
from easymo.preflight.registry import Asked, Found


def look(name: str, **circumstances: Any) -> Found:
    """Return what the line of this name finds."""
    [line] = [one for one in registry.lines() if one.name == name]
    return line.look(asked(**circumstances))


def asked(**circumstances: Any) -> Asked:
    said: tuple[str, ...] = circumstances.pop("said", ())
    messages = {one: [checks.Warning(f"About {one}.", hint="Mend.")] for one in said}
    circumstances.setdefault("messages", partial(dict, messages))
    return Asked(**circumstances)


def real(**circumstances: Any) -> Asked:
    """Return circumstances in which the check framework speaks for itself."""
    return Asked(messages=partial(registry.messages, ()), **circumstances)
