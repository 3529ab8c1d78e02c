"""The base class of the lists that are searched by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages

from easymo.backoffice.pages import ReadOnlyAdmin, person_of
from easymo.backoffice.windows import KEYS, WINDOW, Window, chosen, keys_of
from vouchers.actors import Actor
from vouchers.errors import Locked
from vouchers.models import Profile
from vouchers.recognise import MOST_PEOPLE, people_named, recognise
from vouchers.services import guesses, profiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

    from vouchers.recognise import Words


# Search fields that identify a person on WhatsApp. Users without `see_numbers` see
# them masked and cannot search by them.
HIDDEN = ("msisdn", "number", "bsuid")


class NumberSearchAdmin(ReadOnlyAdmin):
    """Finds rows also by a person's name, and by their whole number in any spelling.

    By number only for users who may see whole numbers: to others, a search by number
    would answer whether the number exists, and whose it is.
    """

    # The lookup of the number, where the rows of the list belong to people.
    number_lookup = ""
    # Indexed columns of the list itself that hold whole numbers.
    number_columns: tuple[str, ...] = ()

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        """Leave out numbers where the user must not see them."""
        fields: Sequence[str] = super().get_search_fields(request)
        if may_see_numbers(request):
            return fields
        return [name for name in fields if not name.endswith(HIDDEN)]

    def find(self, request: HttpRequest, words: str) -> Window | None:
        """Find by the number, else by own columns, else by the names of people."""
        read = recognise(words)
        if self.number_lookup and read.number and may_see_numbers(request):
            return self._with_number(request, read.number)
        if (
            found := self.find_own(request, read)
        ) is not None or not self.number_lookup:
            return found
        people = keys_of(people_named(read.text), limit=MOST_PEOPLE)
        window = chosen(self._of_people(people[:MOST_PEOPLE]))
        if len(people) > MOST_PEOPLE and not window.is_cut:
            window = Window(window.condition, is_cut=True)
        if not window.condition[KEYS] and self.own_texts(request):
            return None
        return window

    def find_own(self, request: HttpRequest, read: Words) -> Window | None:
        """Find by columns of the list's own table."""
        return super().find(request, read.text)

    def own_texts(self, request: HttpRequest) -> list[str]:
        """Return the search fields that no index serves."""
        served = {self._person("name"), *(f"={n}" for n in self.exact_fields(request))}
        return [name for name in self.get_search_fields(request) if name not in served]

    def search_texts(
        self, request: HttpRequest, rows: QuerySet[Any], words: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search in the texts of these rows; names are found by their index."""
        if not self.own_texts(request):
            return rows.none(), False
        return super().search_texts(request, rows, words)

    def _person(self, column: str) -> str:
        return self.number_lookup.removesuffix("msisdn") + column

    def _with_number(self, request: HttpRequest, number: str) -> Window:
        """Return the rows of a number; count a number that no person has."""
        actor = Actor.of_user(person_of(request))
        try:
            guesses.check_unknown(actor=actor)
            if profiles.lookup(msisdn=number) is None:
                guesses.count_unknown(actor=actor)
        except Locked as error:
            messages.error(request, str(error))
            return chosen([])
        found = self._of_people(keys_of(Profile.objects.filter(msisdn=number)))
        for column in self.number_columns:
            rows = self.model._default_manager.filter(**{column: number})
            found += keys_of(rows.order_by("-pk"))
        return chosen(found)

    def _of_people(self, people: list[Any]) -> list[Any]:
        """Return the keys of the rows of people: each table is asked apart, by key."""
        path = self.number_lookup.removesuffix("msisdn").removesuffix("__")
        found, steps = people, _steps(self.model, path)
        for model, column in reversed(steps):
            if not found:
                return []
            rows = model._default_manager.filter(**{f"{column}__in": found})
            found = keys_of(rows.order_by("-pk"))[: WINDOW + 1]
        return found if steps else sorted(found, reverse=True)


def _steps(model: type[Model], path: str) -> list[tuple[type[Model], str]]:
    """Return the tables and columns that lead from a model to its people."""
    steps: list[tuple[type[Model], str]] = []
    for name in filter(None, path.split("__")):
        field: Any = model._meta.get_field(name)
        steps.append((model, field.attname))
        model = field.related_model
    assert model is Profile
    return steps


def may_see_numbers(request: HttpRequest) -> bool:
    """Tell whether the user may see whole numbers."""
    return request.user.has_perm("vouchers.see_numbers")
