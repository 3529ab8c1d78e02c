"""One search over vouchers, people and conversations, from every page.

The words are sent in the body and shown on the page that answers: no address holds a
name, a number or a code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from agents.models import Conversation
from easymo.backoffice.windows import KEYS
from vouchers.admin.base import may_see_numbers
from vouchers.models import Profile, Voucher
from vouchers.recognise import LONGEST, recognise

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

SHOWN = 10


def page(request: HttpRequest) -> HttpResponse:
    """Show what is found; a code has opened its voucher before (``CodeSearch``)."""
    text = request.POST.get("words", "").replace("\0", "").strip()[:LONGEST]
    context = {
        **admin.site.each_context(request),
        "title": _("Search"),
        "words": text,
        "groups": _groups(request, text) if text else [],
    }
    return TemplateResponse(request, "admin/find.html", context)


def _groups(request: HttpRequest, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    is_number = bool(recognise(text).number) and may_see_numbers(request)
    for title, model in (
        (_("People"), Profile),
        (_("Vouchers"), Voucher),
        (_("Conversations"), Conversation),
    ):
        lists: Any = admin.site.get_model_admin(model)
        if not lists.has_view_permission(request):
            continue
        # A number without a person is asked for, and counted as unknown, once.
        is_unknown = is_number and any(not group["rows"] for group in found)
        window = None if is_unknown else lists.find(request, text)
        keys = list(window.condition.get(KEYS, ())) if window else []
        found.append(
            {
                "title": title,
                "rows": _rows(model, keys[:SHOWN]),
                "has_more": len(keys) > SHOWN,
                "list": reverse(
                    f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"
                ),
            }
        )
    return found


def _rows(model: type[Model], keys: list[Any]) -> list[dict[str, str]]:
    rows: Any = model._default_manager.all()
    if model is Voucher:
        rows = rows.select_related("owner")
    if model is Conversation:
        rows = rows.select_related("profile")
    by_key = rows.in_bulk(keys)
    name = model._meta.label_lower.replace(".", "_")
    return [
        {
            "link": reverse(f"admin:{name}_change", args=[key]),
            "text": _text(by_key[key]),
        }
        for key in keys
        if key in by_key
    ]


def _text(row: Any) -> str:
    if isinstance(row, Voucher):
        return f"{row.reference}, {row.get_status_display()}: {row.owner}"
    return str(row.profile if isinstance(row, Conversation) else row)
