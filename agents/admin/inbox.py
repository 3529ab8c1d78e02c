"""The inbox: conversations for colleagues on the left, the chosen one on the right."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from agents.admin import inbox_vouchers
from agents.admin.inbox_context import (
    composer_context,
    list_context,
    listed,
    may_answer,
    number_of,
    term_of,
    thread_context,
    times_context,
)
from agents.core.errors import ClaimedByOther, HandOffError
from agents.handoff import inbox, inbox_rows
from agents.models import ApprovedTemplate, Conversation
from easymo.backoffice.pages import person_of
from vouchers.errors import VoucherError

if TYPE_CHECKING:
    from django.http import HttpRequest

VIEW, CLOSE = "agents.view_conversation", "agents.close_handoff"
ACTIONS = ("answer", "template", "note", "claim", "release", "hand_back")
# The words of the list change with the minutes.
MINUTE = 60
LARGEST_KEY = 2**31 - 1


class Order(forms.Form):
    """What a button of the page sends."""

    action = forms.ChoiceField(
        choices=[(each, each) for each in (*ACTIONS, *inbox_vouchers.ACTIONS)]
    )
    key = forms.UUIDField()
    text = forms.CharField(required=False, strip=False, max_length=10_000)
    # The colleague that the page showed as the assignee.
    instead_of = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_KEY)
    is_confirmed = forms.BooleanField(required=False)
    template = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_KEY)
    voucher = forms.IntegerField(required=False, min_value=1, max_value=2**53)
    amount = forms.CharField(required=False, max_length=40)
    reason = forms.CharField(required=False, max_length=1_000)


def page(request: HttpRequest) -> HttpResponse:
    """Show the inbox; a POST is one order about the chosen conversation."""
    _check_may_see(request)
    chosen = _chosen(request)
    refused: HandOffError | VoucherError | None = None
    order: dict[str, Any] = {}
    if request.method == "POST":
        if chosen is None:
            raise Http404
        order = _order(request)
        try:
            messages.success(request, _obey(request, chosen, order))
        except (HandOffError, VoucherError) as error:
            refused = error
        else:
            return redirect(request.get_full_path())
    elif chosen is not None and may_answer(request):
        inbox.mark_read(chosen)
    composer = composer_context(request, chosen)
    context = {
        **admin.site.each_context(request),
        "title": _("Inbox"),
        "is_fullwidth": "1",
        **list_context(request, chosen),
        **times_context(),
        **thread_context(request, chosen),
        **composer,
        "refused": refused,
        "is_claimed_by_other": isinstance(refused, ClaimedByOther),
        "order": order,
        "parameters": request.POST.getlist("parameter"),
        "key": uuid.uuid4(),
        "text": order.get("text") or composer["text"],
    }
    return TemplateResponse(request, "admin/agents/inbox.html", context)


def news(request: HttpRequest) -> HttpResponse:
    """Return the parts that change, or 304 while nothing did; asked each second.

    What was searched for stays as it was found: a search counts unknown numbers.
    """
    _check_may_see(request)
    chosen = _chosen(request)
    found = None if term_of(request) else listed(request)
    version = [
        found and found.version(),
        chosen and inbox_rows.thread_version(chosen),
        int(timezone.now().timestamp()) // MINUTE,
    ]
    etag = f'"{inbox_rows.digest(version)}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag})
    if chosen is not None and may_answer(request):
        inbox.mark_read(chosen)
    context = {
        **thread_context(request, chosen),
        "chosen": chosen,
        "key": uuid.uuid4(),
    }
    names = ["head", "thread", "vouchers"] if chosen else []
    if found is not None:
        # Read again: the chosen one is no longer unread.
        context |= list_context(request, chosen)
        names.append("list")
    parts = {
        name: render_to_string(f"admin/agents/inbox_{name}.html", context, request)
        for name in names
    }
    counted = {"waiting": inbox_rows.waiting_count()}
    return JsonResponse(parts | counted, headers={"ETag": etag})


def _check_may_see(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied


def _chosen(request: HttpRequest) -> Conversation | None:
    pk = number_of(request, "c")
    if "c" not in request.GET:
        return None
    found = Conversation.objects.select_related("profile").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _order(request: HttpRequest) -> dict[str, Any]:
    if not may_answer(request):
        raise PermissionDenied
    form = Order(request.POST)
    if not form.is_valid():
        raise Http404
    return form.cleaned_data


def _obey(request: HttpRequest, chosen: Conversation, order: dict[str, Any]) -> str:
    """Do what the button says, and return what the user reads about it."""
    action = order["action"]
    if action in inbox_vouchers.ACTIONS:
        return inbox_vouchers.obey(request, chosen, order)
    if action in {"answer", "template"}:
        return _write(request, chosen, order)
    user, key, name = person_of(request), str(order["key"]), chosen.profile
    if action == "note":
        inbox.note(conversation=chosen, user=user, text=order["text"])
        return _("Your note is stored. Only colleagues read it.")
    if action == "claim":
        instead_of = order["instead_of"]
        inbox.claim(conversation=chosen, user=user, key=key, instead_of=instead_of)
        done = _("You have claimed the conversation of {name}. The agent is paused.")
        return done.format(name=name)
    if action == "release":
        released = inbox.release(conversation=chosen, user=user)
        said = _("Released: any colleague can claim it. The agent stays paused.")
        return said if released else _("You had not claimed it.")
    inbox.hand_back(
        conversation=chosen,
        user=user,
        key=key,
        may_close=request.user.has_perm(CLOSE),
        is_confirmed=order["is_confirmed"],
    )
    return _("The agent answers {name} again.").format(name=name)


def _write(request: HttpRequest, chosen: Conversation, order: dict[str, Any]) -> str:
    """Send an answer: free text, or an approved template."""
    given: dict[str, Any] = {
        "conversation": chosen,
        "user": person_of(request),
        "key": str(order["key"]),
        "is_confirmed": order["is_confirmed"],
    }
    if order["action"] == "answer":
        inbox.answer(text=order["text"].replace("\r\n", "\n"), **given)
    else:
        template = ApprovedTemplate.objects.filter(pk=order["template"] or 0).first()
        if template is None:
            raise Http404
        parameters = request.POST.getlist("parameter")
        inbox.answer_by_template(template=template, parameters=parameters, **given)
    return _("Your answer to {name} is being sent.").format(name=chosen.profile)
