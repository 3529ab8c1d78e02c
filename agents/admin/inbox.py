"""The inbox: conversations for colleagues on the left, the chosen one on the right."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from agents.admin.conversation_actions import PERMISSION, open_until
from agents.core.errors import ClaimedByOther, HandOffError
from agents.handoff import handoff, inbox, inbox_rows
from agents.handoff.thread import thread
from agents.language.choice import language_of
from agents.language.texts import render
from agents.models import Conversation, InboxEntry
from easymo.backoffice.pages import person_of
from easymo.backoffice.windows import KEYS, keys_of
from easymo.observability.privacy import mask_msisdn
from vouchers import selectors
from vouchers.admin.base import may_see_numbers
from vouchers.models import Profile
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from django.http import HttpRequest

    from agents.handoff.inbox_rows import Page

VIEW, CLOSE = "agents.view_conversation", "agents.close_handoff"
FILTERS = (
    (inbox_rows.ALL, "All"),
    (inbox_rows.WAITING, "Waiting"),
    (inbox_rows.MINE, "Mine"),
)
# The keys of the fixed texts that a colleague can begin with, and their names.
CANNED = {
    "canned.looking": "Looking into it",
    "canned.which_station": "Which station, when",
    "canned.no_code": "Do not send the code",
    "canned.later": "Answer comes later",
    "canned.solved": "Solved",
}
MOST_VOUCHERS = 10
# The words of the list change with the minutes.
MINUTE = 60


class Order(forms.Form):
    """What a button of the page sends."""

    action = forms.ChoiceField(
        choices=[
            (each, each) for each in ("answer", "note", "claim", "release", "hand_back")
        ]
    )
    key = forms.UUIDField()
    text = forms.CharField(required=False, strip=False, max_length=10_000)
    # The colleague that the page showed as the assignee.
    instead_of = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    is_confirmed = forms.BooleanField(required=False)


def page(request: HttpRequest) -> HttpResponse:
    """Show the inbox; a POST is one order about the chosen conversation."""
    _check_may_see(request)
    chosen = _chosen(request)
    refused: HandOffError | None = None
    order: dict[str, Any] = {}
    if request.method == "POST":
        if chosen is None:
            raise Http404
        order = _order(request)
        try:
            messages.success(request, _obey(request, chosen, order))
        except HandOffError as error:
            refused = error
        else:
            return redirect(request.get_full_path())
    elif chosen is not None and _may_answer(request):
        inbox.mark_read(chosen)
    context = {
        **admin.site.each_context(request),
        "title": "Inbox",
        "is_fullwidth": "1",
        **_list_context(request, chosen),
        **_thread_context(request, chosen),
        "refused": refused,
        "is_claimed_by_other": isinstance(refused, ClaimedByOther),
        "order": order,
        "key": uuid.uuid4(),
        "text": order.get("text") or _canned_text(request, chosen),
    }
    return TemplateResponse(request, "admin/agents/inbox.html", context)


def news(request: HttpRequest) -> HttpResponse:
    """Return the parts that change, or 304 while nothing did; asked each second.

    What was searched for stays as it was found: a search counts unknown numbers.
    """
    _check_may_see(request)
    chosen = _chosen(request)
    listed = None if _term(request) else _listed(request)
    version = [
        listed and listed.version(),
        chosen and inbox_rows.thread_version(chosen),
        int(timezone.now().timestamp()) // MINUTE,
    ]
    etag = f'"{inbox_rows.digest(version)}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag})
    if chosen is not None and _may_answer(request):
        inbox.mark_read(chosen)
    context = {
        **_thread_context(request, chosen),
        "chosen": chosen,
        "key": uuid.uuid4(),
    }
    names = ["head", "thread"] if chosen else []
    if listed is not None:
        # Read again: the chosen one is no longer unread.
        context |= _list_context(request, chosen)
        names.append("list")
    parts = {
        name: render_to_string(f"admin/agents/inbox_{name}.html", context, request)
        for name in names
    }
    counted = {"waiting": inbox_rows.waiting_count()}
    return JsonResponse(parts | counted, headers={"ETag": etag})


def badge(request: HttpRequest) -> str:
    """Return how many conversations wait, for the menu."""
    if not request.user.has_perm(VIEW):
        return ""
    count = inbox_rows.waiting_count()
    most = inbox_rows.MOST_COUNTED
    return f"{most - 1}+" if count >= most else str(count or "")


def _check_may_see(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied


def _may_answer(request: HttpRequest) -> bool:
    return request.user.has_perm(PERMISSION)


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _chosen(request: HttpRequest) -> Conversation | None:
    pk = _number(request, "c")
    if "c" not in request.GET:
        return None
    found = Conversation.objects.select_related("profile").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _order(request: HttpRequest) -> dict[str, Any]:
    if not _may_answer(request):
        raise PermissionDenied
    form = Order(request.POST)
    if not form.is_valid():
        raise Http404
    return form.cleaned_data


def _obey(request: HttpRequest, chosen: Conversation, order: dict[str, Any]) -> str:
    """Do what the button says, and return what the user reads about it."""
    user, key, name = person_of(request), str(order["key"]), chosen.profile
    confirmed = order["is_confirmed"]
    match order["action"]:
        case "answer":
            text = order["text"].replace("\r\n", "\n")
            inbox.answer(
                conversation=chosen,
                user=user,
                text=text,
                key=key,
                is_confirmed=confirmed,
            )
            return f"Your answer to {name} is being sent."
        case "note":
            inbox.note(conversation=chosen, user=user, text=order["text"])
            return "Your note is stored. Only colleagues read it."
        case "claim":
            inbox.claim(
                conversation=chosen,
                user=user,
                key=key,
                instead_of=order["instead_of"],
            )
            return f"You have claimed the conversation of {name}. The agent is paused."
        case "release":
            if inbox.release(conversation=chosen, user=user):
                return "Released: any colleague can claim it. The agent stays paused."
            return "You had not claimed it."
    inbox.hand_back(
        conversation=chosen,
        user=user,
        key=key,
        may_close=request.user.has_perm(CLOSE),
        is_confirmed=confirmed,
    )
    return f"The agent answers {name} again."


def _shown(request: HttpRequest) -> str:
    asked = request.GET.get("show", "")
    return asked if asked in dict(FILTERS) else inbox_rows.ALL


def _term(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:200]


def _listed(request: HttpRequest) -> Page:
    term = _term(request)
    return inbox_rows.entries(
        shown=_shown(request),
        user=person_of(request),
        among=_found(request, term) if term else None,
        after=_number(request, "after"),
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


def _list_context(request: HttpRequest, chosen: Conversation | None) -> dict[str, Any]:
    listed, term = _listed(request), _term(request)
    kept = {"show": _shown(request)} | ({"q": term} if term else {})
    now = timezone.now()
    return {
        "rows": [
            {
                "entry": row,
                "link": f"?{urlencode(kept | {'c': row.pk})}",
                "is_chosen": chosen is not None and chosen.pk == row.pk,
                "is_unread": inbox_rows.is_unread(row),
                "number": _shown_number(request, row.conversation.profile),
                "language": Profile.Language(language_of(row.conversation)).label,
                "waits": _waiting_words(row, now),
            }
            for row in listed.rows
        ],
        "more": f"?{urlencode(kept | {'after': listed.after})}" if listed.after else "",
        "filters": [
            (
                name,
                label,
                f"?{urlencode(kept | {'show': name})}",
                name == _shown(request),
            )
            for name, label in FILTERS
        ],
        "shown": _shown(request),
        "term": term,
        "back": f"?{urlencode(kept)}",
        "chosen": chosen,
    }


def _thread_context(
    request: HttpRequest, chosen: Conversation | None
) -> dict[str, Any]:
    if chosen is None:
        return {}
    entry = InboxEntry.objects.select_related("assignee").filter(pk=chosen.pk).first()
    refusal = handoff.why_unreachable(chosen)
    kept = request.GET.copy()
    kept.pop("canned", None)
    language = language_of(chosen)
    own = selectors.vouchers_of(chosen.profile)[:MOST_VOUCHERS]
    return {
        "thread": thread(chosen.pk),
        "entry": entry,
        "number": _shown_number(request, chosen.profile),
        "language": Profile.Language(language).label,
        "language_code": language,
        "window": open_until(chosen),
        "refusal": str(refusal or ""),
        "may_answer": _may_answer(request),
        "is_paused": chosen.is_paused(timezone.now()),
        "is_mine": entry is not None and entry.assignee_id == request.user.pk,
        "canned": [
            (
                label,
                render(key, language),
                f"?{kept.urlencode()}&{urlencode({'canned': key})}",
            )
            for key, label in CANNED.items()
        ],
        "vouchers": [
            {
                "link": reverse("admin:vouchers_voucher_change", args=[each.pk]),
                "reference": each.reference,
                "status": each.get_status_display(),
                "amount": format_money(Money(each.amount_minor, each.currency)),
            }
            for each in (own if request.user.has_perm("vouchers.view_voucher") else ())
        ],
        "kept": f"?{kept.urlencode()}",
    }


def _canned_text(request: HttpRequest, chosen: Conversation | None) -> str:
    key = request.GET.get("canned", "")
    return render(key, language_of(chosen)) if chosen and key in CANNED else ""


def _shown_number(request: HttpRequest, person: Profile) -> str:
    if not person.msisdn:
        return ""
    return person.msisdn if may_see_numbers(request) else mask_msisdn(person.msisdn)


def _waiting_words(row: InboxEntry, now: Any) -> str:
    """Return how long the person waits, in the largest two units at most."""
    if row.waiting_since is None:
        return "answered"
    minutes = max(int((now - row.waiting_since).total_seconds() // 60), 0)
    if minutes < 60:
        return f"waits {minutes} min"
    hours, days = minutes // 60, minutes // 1440
    return (
        f"waits {hours} h {minutes % 60:02d} min" if days < 2 else f"waits {days} days"
    )
