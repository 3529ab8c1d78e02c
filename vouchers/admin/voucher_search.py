"""How vouchers are found: each search and filter by an index, of one table at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from easymo.backoffice.pages import person_of
from easymo.backoffice.ranges import days
from easymo.backoffice.windows import Window, chosen, keys_of
from vouchers import selectors
from vouchers.actors import Actor
from vouchers.admin.base import NumberSearchAdmin
from vouchers.errors import Locked
from vouchers.models import Voucher, VoucherEvent
from vouchers.services import guesses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from vouchers.codes import Code
    from vouchers.recognise import Words

MISTYPED = _("The check digit is wrong: a digit is mistyped.")
# The events after which a voucher has the status, if no later one changed it.
ENDED_BY = {
    Voucher.Status.PENDING_APPROVAL: [VoucherEvent.Kind.REQUESTED],
    Voucher.Status.REDEEMED: [VoucherEvent.Kind.REDEEMED],
    Voucher.Status.VOID: [VoucherEvent.Kind.VOIDED, VoucherEvent.Kind.DECLINED],
    Voucher.Status.EXPIRED: [VoucherEvent.Kind.EXPIRED],
}
# A voucher is over before the run that expires it has come to it.
OVERDUE = timedelta(days=2)


class StatusFilter(admin.SimpleListFilter):
    """Filters by the status at this moment: a row is expired a little later."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return every status."""
        return [(each.value, gettext(each.label)) for each in Voucher.Status]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Voucher]
    ) -> QuerySet[Voucher]:
        """Filter by the chosen status."""
        chosen = self.value()
        is_over = Q(status=Voucher.Status.ISSUED, expires_at__lt=timezone.now())
        if chosen == Voucher.Status.EXPIRED:
            return queryset.filter(is_over | Q(status=chosen))
        return queryset.filter(~is_over, status=chosen) if chosen else queryset


class VoucherSearch(NumberSearchAdmin):
    """Searches and filters of the list of vouchers."""

    def find_own(self, request: HttpRequest, read: Words) -> Window | None:
        """Find by code, id, reference or last digits, each by its index."""
        if read.is_mistyped_code:
            messages.warning(request, MISTYPED)
            return chosen([])
        if read.code is not None:
            try:
                voucher = with_code(read.code, request)
            except Locked as error:
                messages.error(request, str(error))
                voucher = None
            return chosen([voucher.pk] if voucher else [])
        for column in ("public_id", "reference", "last_digits"):
            if value := getattr(read, column):
                name = "code_last4" if column == "last_digits" else column
                rows = Voucher.objects.filter(**{name: value})
                if keys := keys_of(rows.order_by("-pk")):
                    return chosen(keys)
        return chosen([]) if read.public_id else None

    def served(self, filters: Mapping[str, str], older: int | None) -> Window | None:
        """Read the vouchers of a status by their events.

        An index of what an operation changes would make every redemption slower.
        """
        status: Any = filters.get("status") or filters.get("status__exact", "")
        redeemed = days(filters, "redeemed_at", "created_at")
        if redeemed or "station__id__exact" in filters:
            status = Voucher.Status.REDEEMED
        if status not in ENDED_BY:
            return None
        found = []
        for kind in ENDED_BY[status]:
            events = VoucherEvent.objects.filter(kind=kind, **redeemed)
            found += keys_of(events.order_by("-created_at"), "voucher_id")
        if status == Voucher.Status.EXPIRED:
            now = timezone.now()
            over = Voucher.objects.filter(expires_at__range=(now - OVERDUE, now))
            found += keys_of(over.order_by("-expires_at", "-pk"))
        return chosen(found)


def with_code(code: Code, request: HttpRequest) -> Voucher | None:
    """Return the voucher; a wrong code counts as a guess. Raises Locked."""
    actor = Actor.of_user(person_of(request))
    guesses.check(actor=actor)
    voucher = selectors.voucher_by_code(code)
    if voucher is None:
        guesses.count_failure(actor=actor)
    return voucher
