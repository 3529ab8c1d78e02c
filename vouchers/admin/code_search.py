"""Searches for a voucher's code: the code stays out of addresses and history.

The search fields of the back office are sent in the body. A code opens its voucher;
other words become the address of the list. A code that was typed into an address is
taken out of it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from vouchers.admin.voucher_search import MISTYPED, with_code
from vouchers.errors import Locked
from vouchers.recognise import LONGEST, recognise

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from vouchers.recognise import Words

ADMIN = "/admin/"
# The fields of the address that hold what was searched for.
FIELDS = ("q", "s")
# Names the field of a search that was sent in the body.
SENT = "_search"
# The search over everything shows other words on the page that answers.
EVERYWHERE = "words"


class SeeOther(HttpResponseRedirect):
    """Redirect to a page that is asked for by GET."""

    status_code = 303


class CodeSearch:
    """Takes codes out of the searches of the back office."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer searches that hold a code, and those sent in the body."""
        if not request.path.startswith(ADMIN):
            return self.get_response(request)
        if request.method in {"GET", "HEAD"}:
            return self._typed(request) or self.get_response(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Answer a search sent in the body; the CSRF token is checked by then."""
        if request.method != "POST" or not request.path.startswith(ADMIN):
            return None
        field = request.POST.get(SENT, "")
        if field not in {*FIELDS, EVERYWHERE} or not _may_search(request):
            return None
        whole = request.POST.get(field, "").strip()
        kept = QueryDict(request.POST.get("_kept", "")[:2_000], mutable=True)
        read = recognise(whole)
        if _is_code(read):
            return _open(request, read, _address(request, kept))
        if field == EVERYWHERE:
            return None
        kept.pop(field, None)
        if text := whole[:LONGEST]:
            kept[field] = text
        return SeeOther(_address(request, kept))

    def _typed(self, request: HttpRequest) -> HttpResponse | None:
        for field in FIELDS:
            whole = " ".join(request.GET.getlist(field))
            read = recognise(whole)
            if not _is_code(read) and len(whole) <= LONGEST:
                continue
            kept = request.GET.copy()
            kept.pop(field)
            if not _is_code(read):
                # What no search reads does not stay in the address: it may be a code.
                kept[field] = whole[:LONGEST]
                return SeeOther(_address(request, kept))
            address = _address(request, kept)
            return (
                _open(request, read, address)
                if _may_search(request)
                else SeeOther(address)
            )
        return None


def _may_search(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_staff


def _is_code(read: Words) -> bool:
    return read.code is not None or read.is_mistyped_code


def _address(request: HttpRequest, kept: QueryDict) -> str:
    return f"{request.path}?{kept.urlencode()}" if kept else request.path


def _open(request: HttpRequest, read: Words, otherwise: str) -> HttpResponse:
    """Open the voucher of a code, else return to the list with the reason."""
    if not request.user.has_perm("vouchers.view_voucher"):
        messages.error(request, _("You may not see vouchers."))
        return SeeOther(otherwise)
    if read.code is None:
        messages.warning(request, MISTYPED)
        return SeeOther(otherwise)
    try:
        voucher = with_code(read.code, request)
    except Locked as error:
        messages.error(request, str(error))
        return SeeOther(otherwise)
    if voucher is None:
        messages.error(request, _("There is no voucher with this code."))
        return SeeOther(otherwise)
    return SeeOther(reverse("admin:vouchers_voucher_change", args=[voucher.pk]))
