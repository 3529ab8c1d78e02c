"""The base class of this app's admin pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.core.errors import AgentError
from easymo.backoffice.pages import ReadOnlyAdmin
from vouchers.msisdn import InvalidMsisdn, parse

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class AgentsAdmin(ReadOnlyAdmin):
    """Shows what a service refuses; finds a person by a whole number."""

    refusals = (AgentError,)
    # The lookup of the number, where the list can be searched by one.
    number_lookup = ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find a person by a whole number in any spelling, else search as usual."""
        if self.number_lookup:
            try:
                number = parse(search_term.strip())
            except InvalidMsisdn:
                pass
            else:
                return queryset.filter(**{self.number_lookup: number}), False
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        return found, bool(may_repeat)
