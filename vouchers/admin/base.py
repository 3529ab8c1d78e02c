"""The base class of the lists that are searched by a phone number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from easymo.backoffice.pages import ReadOnlyAdmin
from vouchers.msisdn import InvalidMsisdn, parse

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class NumberSearchAdmin(ReadOnlyAdmin):
    """Finds rows also by a person's whole number, in any spelling."""

    # The lookup of the number, where the list can be searched by one.
    number_lookup = ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by the number if the term is one, else as usual."""
        if self.number_lookup:
            try:
                number = parse(search_term.strip())
            except InvalidMsisdn:
                pass
            else:
                return queryset.filter(**{self.number_lookup: number}), False
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        return found, bool(may_repeat)
