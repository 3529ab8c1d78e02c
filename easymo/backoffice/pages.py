"""Base classes of the admin pages: read-only objects, bounded lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import BooleanField, DateField, IntegerField
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from unfold.admin import ModelAdmin, TabularInline

from easymo.backoffice import reauthentication
from easymo.backoffice.exact import exactly, is_indexed
from easymo.backoffice.filters import RecentValuesFilter
from easymo.backoffice.windows import (
    BoundedPaginator,
    Served,
    Window,
    WindowChangeList,
    newest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth.models import User
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.urls import URLPattern
    from django_stubs_ext import StrPromise

# What the filters of the lists add to the name of their field.
FILTER_SUFFIXES = (
    "",
    "__exact",
    "__id__exact",
    "__in",
    "__isnull",
    "__isempty",
    "__gte",
    "__lt",
    "_from",
    "_to",
    "_from_0",
    "_from_1",
    "_to_0",
    "_to_1",
)


class ListedLookups:
    """Refuse a lookup in the address of a list that no filter of the list makes.

    Django allows every lookup on the model's own fields. ``?msisdn__startswith=`` would
    tell a user the digits of a masked number, one after the other.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the names that the filters of this list use."""
        return lookup in {
            f"{name}{suffix}"
            for name in self._filtered(request)
            for suffix in FILTER_SUFFIXES
        }

    def _filtered(self, request: HttpRequest) -> Iterator[str]:
        for item in cast("ModelAdmin", self).get_list_filter(request):
            if isinstance(item, str):
                yield item
            elif isinstance(item, tuple | list):
                yield str(item[0])
            else:
                yield str(item.parameter_name)


class AsksWho:
    """A form of Django's that shows and stores only for users who proved who they are.

    What was entered before the question is in the form again.
    """

    model: type[Model]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask users who may change something here."""
        page = cast("ModelAdmin", self)
        if page.has_change_permission(request) or page.has_add_permission(request):
            if answer := reauthentication.ask(request):
                return answer
            request.entered = reauthentication.kept(request)  # type: ignore[attr-defined]
        return cast("Any", super()).changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the form with what was entered before the question."""
        plain = cast("Any", super()).get_form(request, *args, **kwargs)
        entered = getattr(request, "entered", None)
        if not entered:
            return plain
        again = reauthentication.restored(plain.base_fields, entered)

        class Restored(plain):  # type: ignore[misc, valid-type]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                kwargs["initial"] = {**(kwargs.get("initial") or {}), **again}
                super().__init__(*args, **kwargs)

        return Restored


class RowId(StringConverter):
    """An id of digits: any other address is 404 without a query."""

    regex = "[0-9]{1,18}"


register_converter(RowId, "row")


class BoundedLists:
    """Lists and searches that read a bounded number of rows."""

    model: type[Model]
    paginator = BoundedPaginator
    show_full_result_count = False
    # Counts of each choice would need all rows.
    show_facets = ShowFacets.NEVER
    list_after_template = "admin/window.html"
    # Filters that an index serves; the first one that is chosen makes the window.
    served_filters: tuple[Served, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WindowChangeList

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer the values of recent rows where Django would read them all."""
        found = cast("Any", super()).get_list_filter(request)
        return [_bounded_filter(self.model, item) for item in found]

    def find(self, request: HttpRequest, words: str) -> Window | None:
        """Return the rows that indexes find for the words.

        None: no index knows them. Then the texts of the newest rows are searched.
        """
        return exactly(self.model, self.exact_fields(request), words.strip())

    def exact_fields(self, request: HttpRequest) -> list[str]:
        """Return the search fields that hold the whole words and have an index."""
        names = cast("ModelAdmin", self).get_search_fields(request)
        whole = [name[1:] for name in names if name.startswith("=")]
        return [name for name in whole if is_indexed(self.model, name)]

    def served(self, filters: Mapping[str, str], older: int | None) -> Window | None:
        """Return the rows that other tables find for the filters."""
        return None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by the indexes, else in the newest rows."""
        if not search_term.strip():
            return queryset, False
        if (found := self.find(request, search_term)) is not None:
            return queryset.filter(**found.condition), False
        recent = newest(self.model._default_manager.all())
        rows = queryset.filter(**recent.condition)
        return self.search_texts(request, rows, search_term)

    def search_texts(
        self, request: HttpRequest, rows: QuerySet[Any], words: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search in the texts of these rows."""
        page: Any = super()
        found, may_repeat = page.get_search_results(request, rows, words)
        return found, bool(may_repeat)


def _bounded_filter(model: type[Model], item: Any) -> Any:
    if not isinstance(item, str):
        return item
    field = get_fields_from_path(model, item)[-1]
    has_few = (
        field.is_relation
        or field.flatchoices
        or isinstance(field, BooleanField | DateField)
    )
    return item if has_few else (item, RecentValuesFilter)


class ReadOnlyAdmin(BoundedLists, ListedLookups, ModelAdmin):  # type: ignore[misc]
    """Objects that are shown only; actions change them through services.

    Without the permission to change, Django shows all ``fields`` read-only.
    """

    # Errors of services whose text is shown to the user.
    refusals: tuple[type[Exception], ...] = ()
    # What belongs here, and the list's action that creates the first row.
    empty_text: str | StrPromise = ""
    first_action = ""

    list_per_page = 50
    list_max_show_all = 50
    actions: Any = None
    warn_unsaved_form = False

    def get_urls(self) -> list[URLPattern]:
        """Answer 404 where the id in an address is no number."""
        found: list[URLPattern] = super().get_urls()
        if not isinstance(self.model._meta.pk, IntegerField):
            return found
        return [
            path(
                str(each.pattern).replace("<path:object_id>", "<row:object_id>"),
                each.callback,
                each.default_args,
                each.name,
            )
            for each in found
        ]

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: services create objects."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: actions change objects."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: the records stay."""
        return False

    def refusal_sentences(self, error: Exception) -> list[str]:
        """Return what the user reads about a refused action."""
        return [str(error)]


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    """Related objects that are shown only."""

    extra = 0
    can_delete = False

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: services create objects."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Refuse: services change objects."""
        return False


def actor_of(request: HttpRequest) -> str:
    """Return the user name that changes are recorded under."""
    return request.user.get_username()


def person_of(request: HttpRequest) -> User:
    """Return the signed-in user."""
    return cast("User", request.user)
