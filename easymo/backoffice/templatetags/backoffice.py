from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from django import template
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from easymo.backoffice import empty, languages, password_links
from easymo.backoffice.demo_logins import shown_to
from easymo.observability.privacy import scrub
from easymo.sentences import amount

if TYPE_CHECKING:
    from decimal import Decimal

    from django.db.models import Model
    from django.template import Context

    from easymo.backoffice.demo_logins import DemoRole

register = template.Library()

BOLD = re.compile(r"(?<![\w*])\*([^*\n]{1,200})\*(?![\w*])")

COMMAND = re.compile(r"`([^`\n]{1,200})`")


@register.simple_tag(takes_context=True)
def sign_in_ways(context: Context) -> dict[str, Any]:
    """Tell how people sign in: by password, at an identity provider, or both."""
    start = reverse("oidc-start") if settings.OIDC_ENABLED else ""
    if start and (after := context.get("next")):
        start = f"{start}?{urlencode({'next': after})}"
    return {
        "password": settings.PASSWORD_SIGN_IN,
        "oidc": start,
        "reset": reverse("password-reset") if password_links.is_offered() else "",
    }


@register.simple_tag(takes_context=True)
def page_place(context: Context) -> list[dict[str, Any]]:
    """Return where a page of a model is: the entry of the menu, and the object."""
    opts, groups = context.get("opts"), context.get("sidebar_navigation")
    entries = [item for group in groups or () for item in group["items"]]
    here = next((item for item in entries if item["active"]), None)
    if opts is None or here is None:
        return []
    row = context.get("original") or context.get("object")
    if row is None or isinstance(row, str):
        return [here]
    change = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return [here, {"title": row, "link": reverse(change, args=[row.pk])}]


@register.simple_tag(takes_context=True)
def demo_logins(context: Context) -> list[tuple[DemoRole, str]]:
    return shown_to(context.get("request"))


@register.simple_tag(takes_context=True)
def language_choices(context: Context) -> list[dict[str, Any]]:
    """Return the languages of the back office, and which one the account chose."""
    chosen = languages.chosen_language(context["request"])
    current = get_language()
    offered = [(code, name, code) for code, name in settings.LANGUAGES]
    return [
        {"code": code, "name": name, "lang": lang, "is_chosen": code == chosen}
        for code, name, lang in [*offered, ("", _("As in the browser"), current)]
    ]


# Unfold's colours of a label.
LABEL_COLOURS = {
    "info": "bg-blue-100 text-blue-700 dark:bg-blue-500/20 dark:text-blue-400",
    "danger": "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400",
    "warning": "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400",
    "success": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "primary": "bg-primary-100 text-primary-700 dark:bg-primary-500/20 dark:text-primary-400",
}
NO_COLOUR = "bg-base-500/8 text-base-700 dark:bg-base-500/20 dark:text-base-200"


@register.filter
def coloured(text: Any, kind: str | None) -> SafeString:
    """Return a text as Unfold's label; a list has one in each row."""
    return format_html(
        '<span class="inline-block font-semibold rounded-default text-[11px] uppercase'
        ' whitespace-nowrap h-6 leading-6 px-2 {}">{}</span>',
        LABEL_COLOURS.get(str(kind), NO_COLOUR),
        text,
    )


@register.filter
def whatsapp(text: str) -> SafeString:
    """Show a text as WhatsApp does: *bold* and line breaks, everything else inert."""
    escaped = conditional_escape(text)
    bold = BOLD.sub(r"<strong>\1</strong>", str(escaped))
    return mark_safe(bold.replace("\n", "<br>"))  # noqa: S308 - escaped two lines up


@register.filter
def commands(text: str) -> SafeString:
    """Show a text between `ticks` as code; the rest is inert."""
    escaped = str(conditional_escape(text))
    return mark_safe(COMMAND.sub(r"<code>\1</code>", escaped))  # noqa: S308 - escaped


@register.filter
def masked_json(value: Any) -> str:
    """Return arguments as JSON with every number and code masked."""
    return scrub(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True))


@register.filter
def usd(value: Decimal) -> str:
    """Return what a model cost, exactly."""
    places = 6 if value % 1 else 0
    return amount(value, places, "USD", in_english=f"${value:.{places}f}")


@register.filter
def compact_json(value: Any) -> str:
    """Return a log line's fields on one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


@register.filter
def short_hex(value: bytes | memoryview | None) -> str:
    """Return the first eight hex digits of a hash."""
    return bytes(value).hex()[:8] if value else "—"


@register.filter
def has_history(row: Model | None) -> bool:
    """Tell whether the log of the admin has an entry about the object."""
    if row is None:
        return False
    kind = ContentType.objects.get_for_model(row, for_concrete_model=False)
    return LogEntry.objects.filter(content_type=kind, object_id=str(row.pk)).exists()


@register.filter
def empty_text(page: Any) -> str:
    """Return what belongs into a list without rows."""
    return str(getattr(page, "empty_text", "") or empty.TEXTS[page.opts.label_lower])


@register.simple_tag(takes_context=True)
def first_step(context: Context) -> dict[str, Any] | None:
    """Return what creates the first row: an action of the list, or another page."""
    page = context["cl"].model_admin
    # A list's own context has no request; the template's does.
    request = context.request  # type: ignore[attr-defined]
    wanted = getattr(page, "first_action", "")
    for action in page.get_actions_list(request) if wanted else ():
        if action.action_name.endswith(f"_{wanted}"):
            path = reverse(f"admin:{action.action_name}")
            return {"path": path, "title": action.description}
    if page.has_add_permission(request):
        add = f"admin:{page.opts.app_label}_{page.opts.model_name}_add"
        return {
            "path": reverse(add),
            "title": gettext("Add {verbose_name}").format(
                verbose_name=page.opts.verbose_name
            ),
        }
    return empty.step_for(page.opts.label_lower, request.user)
