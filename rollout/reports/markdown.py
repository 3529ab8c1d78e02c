"""Renders Markdown templates: no HTML escaping, and filters for the report's values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.template import Context, Engine, Library
from django.utils.translation import gettext

from rollout.core import formatting
from rollout.core.features import Feature
from rollout.flags.selectors import state_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

register = Library()
register.filter("line", formatting.markdown_line)
register.filter("moment", formatting.moment)
register.filter("seconds", formatting.milliseconds)
register.filter("share", formatting.share)
register.filter("usd", formatting.usd)


@register.filter
def since(end: datetime, begin: datetime | None) -> str:
    """Return the time between two moments, or nothing without a beginning."""
    return formatting.exact_duration(end - begin) if begin else ""


@register.filter
def audience(state: dict[str, Any] | None) -> str:
    """Describe a feature's audience from a state in the audit log."""
    if state and state.get("everyone") is not False:
        return (
            gettext("on for everyone") if state["everyone"] else str(state_text(state))
        )
    return gettext("off")


@register.filter
def feature_name(flag: str) -> str:
    return gettext(Feature(flag).label)


@register.filter
def words(name: str) -> str:
    return gettext(name.replace("_", " "))


def render(template: str, values: dict[str, Any]) -> str:
    """Render a report in the language of who opens it; a job has no other than English."""
    context = Context(values, autoescape=False, use_l10n=False)
    text: str = _engine().get_template(f"rollout/reports/{template}").render(context)
    return text.rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class Section:
    """A second-level section of a report: its table, list and other text."""

    title: str
    table: list[list[str]]
    lines: list[str]
    text: str


def sections(markdown: str) -> Iterator[Section]:
    """Split a rendered report into sections, for a page."""
    for part in markdown.split("\n## ")[1:]:
        title, *lines = filter(None, part.splitlines())
        rows = [line for line in lines if line.startswith("| ")]
        items = [line for line in lines if line.startswith("- ")]
        yield Section(
            title,
            [
                [_unescape(cell) for cell in row[2:-2].split(" | ")]
                for row in rows
                if not row.startswith("| ---")
            ],
            [_unescape(item[2:]) for item in items],
            " ".join(line for line in lines if line not in rows and line not in items),
        )


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


@cache
def _engine() -> Engine:
    return Engine(
        dirs=[str(settings.BASE_DIR / "templates")],
        builtins=["django.templatetags.i18n", "rollout.reports.markdown"],
    )
