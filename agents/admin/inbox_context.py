"""What the page of the inbox shows: its list, and the chosen conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from agents.admin import inbox_vouchers
from agents.admin.conversation_actions import PERMISSION, open_until
from agents.core.errors import WindowClosed
from agents.core.handoffs import DECIDED_ELSEWHERE
from agents.handoff import answer_times, canned, handoff, inbox_rows, templates
from agents.handoff.thread import thread
from agents.language.choice import language_of
from agents.models import Conversation, HandOff, InboxEntry
from easymo.backoffice.pages import person_of
from easymo.backoffice.windows import KEYS, keys_of
from easymo.observability.privacy import mask_msisdn
from vouchers import selectors
from vouchers.admin.base import may_see_numbers
from vouchers.models import Profile

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from agents.handoff.inbox_rows import Page

FILTERS = (
    (inbox_rows.ALL, gettext_lazy("All")),
    (inbox_rows.WAITING, gettext_lazy("Waiting")),
    (inbox_rows.UNREAD, gettext_lazy("Unread")),
    (inbox_rows.MINE, gettext_lazy("Mine")),
    (inbox_rows.UNASSIGNED, gettext_lazy("Unassigned")),
)
KINDS = [each for each in HandOff.Kind if each not in DECIDED_ELSEWHERE]


def may_answer(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(PERMISSION))


def number_of(request: HttpRequest, name: str) -> int:
    """Return a parameter that is a key; 0 without one."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def term_of(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:200]


def _filters(request: HttpRequest) -> dict[str, str]:
    """Return the chosen filters; an unknown value is none."""
    given = request.GET
    allowed: dict[str, list[str]] = {
        "show": [name for name, _label in FILTERS],
        "language": list(Profile.Language.values),
        "kind": [str(each.value) for each in KINDS],
    }
    found = {name: given.get(name, "") for name in allowed}
    return {name: value for name, value in found.items() if value in allowed[name]}


def listed(request: HttpRequest) -> Page:
    """Read the rows that the filters and the search leave."""
    term, chosen = term_of(request), _filters(request)
    return inbox_rows.entries(
        shown=chosen.get("show", inbox_rows.ALL),
        language=chosen.get("language", ""),
        kind=chosen.get("kind", ""),
        user=person_of(request),
        among=_found(request, term) if term else None,
        after=number_of(request, "after"),
    )


def _found(request: HttpRequest, term: str) -> list[int]:
    """Search by a voucher's reference, else as the list of conversations does."""
    voucher = selectors.voucher_by_reference(term)
    if voucher is not None and request.user.has_perm("vouchers.view_voucher"):
        rows = Conversation.objects.filter(profile=voucher.owner_id)
        return keys_of(rows, limit=inbox_rows.PAGE)
    lists: Any = admin.site.get_model_admin(Conversation)
    window = lists.find(request, term)
    return list(window.condition.get(KEYS, ())) if window else []


def list_context(request: HttpRequest, chosen: Conversation | None) -> dict[str, Any]:
    """Return the list on the left, with its filters."""
    page, term, filters = listed(request), term_of(request), _filters(request)
    shown = filters.get("show", inbox_rows.ALL)
    kept = {"show": shown} | filters | ({"q": term} if term else {})
    now = timezone.now()
    return {
        "rows": [
            {
                "entry": row,
                "link": f"?{urlencode(kept | {'c': row.pk})}",
                "is_chosen": chosen is not None and chosen.pk == row.pk,
                "is_unread": inbox_rows.is_unread(row),
                "number": shown_number(request, row.conversation.profile),
                "language": gettext(
                    Profile.Language(language_of(row.conversation)).label
                ),
                "waits": _waiting_words(row, now),
            }
            for row in page.rows
        ],
        "more": f"?{urlencode(kept | {'after': page.after})}" if page.after else "",
        "filters": [
            (label, f"?{urlencode(kept | {'show': name})}", name == shown)
            for name, label in FILTERS
        ],
        "languages": [(one.value, gettext(one.label)) for one in Profile.Language],
        "kinds": [(each.value, gettext(each.label)) for each in KINDS],
        "chosen_filters": filters,
        "is_filtered": bool(term or set(filters) - {"show"} or shown != "all"),
        "shown": shown,
        "term": term,
        "back": f"?{urlencode(kept)}",
        "chosen": chosen,
    }


def times_context() -> dict[str, Any]:
    """Return the report of answer times."""
    return {
        "answer_times": [
            (label, times.count, _seconds(times.median_s), _seconds(times.p95_s))
            for label, times in answer_times.report()
        ]
    }


def thread_context(request: HttpRequest, chosen: Conversation | None) -> dict[str, Any]:
    """Return the chosen conversation: thread, window, composer and vouchers."""
    if chosen is None:
        return {}
    entry = InboxEntry.objects.select_related("assignee").filter(pk=chosen.pk).first()
    refusal = handoff.why_unreachable(chosen)
    kept = request.GET.copy()
    kept.pop("canned", None)
    language = language_of(chosen)
    closes_at = chosen.window_closes_at
    return {
        "thread": _merged(request, chosen),
        "entry": entry,
        "number": shown_number(request, chosen.profile),
        "language": gettext(Profile.Language(language).label),
        "language_code": language,
        "window": open_until(chosen),
        "closes_at": closes_at - handoff.WINDOW_MARGIN if closes_at else None,
        "refusal": str(refusal or ""),
        "is_window_closed": isinstance(refusal, WindowClosed),
        "may_answer": may_answer(request),
        "is_paused": chosen.is_paused(timezone.now()),
        "is_mine": entry is not None and entry.assignee_id == request.user.pk,
        "kept": f"?{kept.urlencode()}",
        **inbox_vouchers.panel(request, chosen),
    }


def composer_context(
    request: HttpRequest, chosen: Conversation | None
) -> dict[str, Any]:
    """Return the texts and templates that an answer can begin with."""
    if chosen is None or not may_answer(request):
        return {"text": ""}
    language, voucher = language_of(chosen), selectors.vouchers_of(chosen.profile)
    newest, kept = voucher.first(), request.GET.copy()
    replies = canned.replies()
    kept.pop("canned", None)
    texts = {
        each.key: canned.fill(
            each.texts[language], person=chosen.profile, voucher=newest
        )
        for each in replies
    }
    return {
        "canned": [
            (
                each.title,
                texts[each.key],
                f"?{kept.urlencode()}&{urlencode({'canned': each.key})}",
            )
            for each in replies
        ],
        "text": texts.get(request.GET.get("canned", ""), ""),
        "templates": [
            (each, range(1, templates.parameter_count(each.text) + 1))
            for each in templates.templates_for(language)
        ],
    }


def _merged(request: HttpRequest, chosen: Conversation) -> list[Any]:
    """Return messages, turns, actions and what happened to vouchers, in their order."""
    entries = thread(chosen.pk)
    if not request.user.has_perm(inbox_vouchers.VIEW):
        return entries
    since = entries[0].at if entries else timezone.now()
    entries += inbox_vouchers.entries(chosen, since)
    return sorted(entries, key=lambda each: (each.at, each.order))


def shown_number(request: HttpRequest, person: Profile) -> str:
    if not person.msisdn:
        return ""
    return person.msisdn if may_see_numbers(request) else mask_msisdn(person.msisdn)


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    minutes = int(seconds // 60)
    if minutes < 1:
        return _("{count} s").format(count=int(seconds))
    if minutes < 120:
        return _("{count} min").format(count=minutes)
    return _("{count} h").format(count=minutes // 60)


def _waiting_words(row: InboxEntry, now: datetime) -> str:
    """Return how long the person waits, in the largest two units at most."""
    if row.waiting_since is None:
        return _("answered")
    minutes = max(int((now - row.waiting_since).total_seconds() // 60), 0)
    if minutes < 60:
        return _("waits {minutes} min").format(minutes=minutes)
    hours, days = minutes // 60, minutes // 1440
    if days >= 2:
        return _("waits {days} days").format(days=days)
    return _("waits {hours} h {minutes:02d} min").format(
        hours=hours, minutes=minutes % 60
    )
