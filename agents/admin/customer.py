"""Everything about one person on one page; each part is bounded and goes on to older rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.identity import blocks, consent
from agents.models import Call, ColleagueAct, ConsentEvent, Conversation, Identity
from easymo.backoffice.actions import page_url
from easymo.observability.privacy import mask_msisdn
from vouchers.admin.base import may_see_numbers
from vouchers.admin.change import change_text, way_of
from vouchers.models import ChangeRecord, Profile, Voucher
from vouchers.money import Money, shown_money

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest, HttpResponse

# Rows of a part; older ones are a link away.
PAGE = 10
LARGEST_ID = 2**62
NUMBERS = (Identity.Kind.WA_ID, Identity.Kind.LEFT_NUMBER)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: when, what, and its own page where it has one."""

    at: datetime
    text: str
    link: str = ""


@dataclass(frozen=True)
class Part:
    """A part of the page: who may read it, its rows of a person, and how each reads."""

    name: str
    title: Any
    empty: Any
    permission: str
    rows: Callable[[Profile], QuerySet[Any]]
    entry: Callable[[Any, bool], Entry]


def _voucher(row: Voucher, _may_see: bool) -> Entry:
    status = Voucher.Status(row.status_at(timezone.now())).label
    amount = shown_money(Money(row.amount_minor, row.currency))
    return Entry(
        row.created_at, f"{row.reference} · {amount} · {status}", page_url(row)
    )


def _conversation(row: Conversation, _may_see: bool) -> Entry:
    return Entry(
        row.last_inbound_at or row.created_at, row.get_channel_display(), page_url(row)
    )


def _call(row: Call, _may_see: bool) -> Entry:
    said = row.get_outcome_display() if row.outcome else row.get_state_display()
    return Entry(row.received_at, said, page_url(row))


def _identity(row: Identity, may_see: bool) -> Entry:
    shown = mask_msisdn(row.value) if row.kind in NUMBERS and not may_see else ""
    shown = shown or (row.value if may_see else "•••")
    past = f" · {_('no longer')}" if row.superseded_at else ""
    return Entry(row.created_at, f"{row.get_kind_display()} {shown}{past}")


def _consent(row: ConsentEvent, _may_see: bool) -> Entry:
    text = f"{row.get_kind_display()} · {row.get_source_display()}"
    return Entry(row.created_at, text, page_url(row))


def _note(row: ColleagueAct, _may_see: bool) -> Entry:
    return Entry(row.created_at, f"{row.actor}: {row.reason}")


def _change(row: ChangeRecord, _may_see: bool) -> Entry:
    author = row.actor or "—"
    text = f"{change_text(row)} ({author}, {way_of(row)})"
    return Entry(row.created_at, text, page_url(row))


def _of(model: type[Model]) -> Callable[[Profile], QuerySet[Any]]:
    return lambda person: model._default_manager.filter(profile=person)


PARTS = (
    Part(
        "vouchers",
        gettext_lazy("Vouchers"),
        gettext_lazy("This person has no voucher."),
        "vouchers.view_voucher",
        lambda person: Voucher.objects.filter(owner=person),
        _voucher,
    ),
    Part(
        "conversations",
        gettext_lazy("Conversations"),
        gettext_lazy("This person has not written or called."),
        "agents.view_conversation",
        _of(Conversation),
        _conversation,
    ),
    Part(
        "calls",
        gettext_lazy("Calls"),
        gettext_lazy("This person has not called."),
        "agents.view_call",
        _of(Call),
        _call,
    ),
    Part(
        "identities",
        gettext_lazy("Identities"),
        gettext_lazy("No number or user id of a channel is known."),
        "agents.view_identity",
        _of(Identity),
        _identity,
    ),
    Part(
        "consent",
        gettext_lazy("STOP and START"),
        gettext_lazy("This person has sent neither STOP nor START."),
        "agents.view_consentevent",
        _of(ConsentEvent),
        _consent,
    ),
    Part(
        "notes",
        gettext_lazy("Notes of colleagues"),
        gettext_lazy("There is no note. Write one in the inbox."),
        "agents.view_conversation",
        lambda person: ColleagueAct.objects.filter(
            kind=ColleagueAct.Kind.NOTED,
            conversation__profile=person,
            conversation__channel=Conversation.Channel.WHATSAPP,
        ),
        _note,
    ),
    Part(
        "changes",
        gettext_lazy("Recorded changes"),
        gettext_lazy("No change of this person is recorded."),
        "vouchers.view_changerecord",
        lambda person: ChangeRecord.objects.filter(
            table_name=Profile._meta.db_table, row_id=str(person.pk)
        ),
        _change,
    ),
)


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one person; the number of queries does not depend on their rows."""
    if not request.user.has_perm("vouchers.view_profile"):
        raise PermissionDenied
    if pk > LARGEST_ID:
        raise Http404
    person = get_object_or_404(Profile.objects.select_related("station"), pk=pk)
    may_see = may_see_numbers(request)
    chat = Conversation.objects.filter(
        profile=person, channel=Conversation.Channel.WHATSAPP
    ).first()
    context = {
        **admin.site.each_context(request),
        "title": str(person),
        "person": person,
        "number": person.msisdn if may_see else mask_msisdn(person.msisdn),
        "is_opted_out": consent.is_opted_out(person),
        "is_blocked": blocks.is_blocked(person),
        "profile_link": page_url(person),
        "inbox_link": f"{reverse('inbox')}?c={chat.pk}" if chat else "",
        "parts": [
            _shown(request, part, person, may_see=may_see)
            for part in PARTS
            if request.user.has_perm(part.permission)
        ],
    }
    return TemplateResponse(request, "admin/agents/customer.html", context)


def _shown(
    request: HttpRequest, part: Part, person: Profile, *, may_see: bool
) -> dict[str, Any]:
    """Return one part: a page of its rows, and the links to others."""
    before = _before(request, part.name)
    rows = part.rows(person).order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    older = request.GET.copy()
    newest = request.GET.copy()
    newest.pop(part.name, None)
    if len(found) > PAGE:
        older[part.name] = str(found[PAGE - 1].pk)
    return {
        "name": part.name,
        "title": part.title,
        "empty": part.empty,
        "entries": [part.entry(row, may_see) for row in found[:PAGE]],
        "older": f"?{older.urlencode()}#{part.name}" if len(found) > PAGE else "",
        "newest": f"?{newest.urlencode()}#{part.name}" if before else "",
    }


def _before(request: HttpRequest, name: str) -> int | None:
    """Return the id that the asked page begins below; None for the newest."""
    given = request.GET.get(name, "")
    is_id = given.isascii() and given.isdigit() and len(given) <= 18
    return int(given) if is_id else None
