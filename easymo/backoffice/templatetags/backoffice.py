from __future__ import annotations

import json
import re
from typing import Any

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from easymo.observability.privacy import scrub

register = template.Library()

BOLD = re.compile(r"(?<![\w*])\*([^*\n]{1,200})\*(?![\w*])")

COMMAND = re.compile(r"`([^`\n]{1,200})`")


@register.filter
def whatsapp(text: str) -> SafeString:
    """Show a text as WhatsApp does: *bold* and line breaks, everything else inert."""
    escaped = conditional_escape(text)
    bold = BOLD.sub(r"<strong>\1</strong>", str(escaped))
    return mark_safe(bold.replace("\n", "<br>"))  # noqa: S308 - escaped two lines up


@register.filter
def commands(text: str) -> SafeString:
    """Set what stands between `ticks` as something to type; the rest is inert."""
    escaped = str(conditional_escape(text))
    return mark_safe(COMMAND.sub(r"<code>\1</code>", escaped))  # noqa: S308 - escaped


@register.filter
def masked_json(value: Any) -> str:
    """Return arguments as JSON with every number and code masked."""
    return scrub(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True))


@register.filter
def compact_json(value: Any) -> str:
    """Return a log line's fields on one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


@register.filter
def short_hex(value: bytes | memoryview | None) -> str:
    """Return the first eight hex digits of a hash."""
    return bytes(value).hex()[:8] if value else "—"
