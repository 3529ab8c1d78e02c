"""The base class of the lists that are searched by a phone number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages

from easymo.backoffice.pages import ReadOnlyAdmin, person_of
from vouchers.actors import Actor
from vouchers.errors import Locked
from vouchers.msisdn import InvalidMsisdn, parse
from vouchers.services import guesses, profiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest


# Search fields that identify a person on WhatsApp. Users without `see_numbers` see
# them masked and cannot search by them.
HIDDEN = ("msisdn", "number", "bsuid")


class NumberSearchAdmin(ReadOnlyAdmin):
    """Finds rows also by a person's whole number, in any spelling.

    Only for users who may see whole numbers: to others, a search by number would
    answer whether the number exists, and whose it is.
    """

    # The lookup of the number, where the list can be searched by one.
    number_lookup = ""

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        """Leave out numbers where the user must not see them."""
        fields: Sequence[str] = super().get_search_fields(request)
        if may_see_numbers(request):
            return fields
        return [name for name in fields if not name.endswith(HIDDEN)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by the number if the term is one, else as usual."""
        if self.number_lookup and may_see_numbers(request):
            try:
                number = parse(search_term.strip())
            except InvalidMsisdn:
                pass
            else:
                return self._with_number(request, queryset, number), False
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        return found, bool(may_repeat)

    def _with_number(
        self, request: HttpRequest, rows: QuerySet[Any], number: str
    ) -> QuerySet[Any]:
        """Return the rows of a number; count a number that no person has."""
        actor = Actor.of_user(person_of(request))
        try:
            guesses.check_unknown(actor=actor)
            if profiles.lookup(msisdn=number) is None:
                guesses.count_unknown(actor=actor)
        except Locked as error:
            messages.error(request, str(error))
            return rows.none()
        return rows.filter(**{self.number_lookup: number})


def may_see_numbers(request: HttpRequest) -> bool:
    """Tell whether the user may see whole numbers."""
    return request.user.has_perm("vouchers.see_numbers")
