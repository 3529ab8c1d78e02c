"""Lists that read a bounded number of rows, however many the table holds.

A list shows at most ``WINDOW`` rows: those that an index finds for the search or the
filters, else the newest ones, and a link leads to the rows before them. In a table with
fewer rows nothing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Paginator
from django.db.models import (
    F,
    Field,
    Func,
    IntegerField,
    Lookup,
    OrderBy,
    QuerySet,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from unfold.views import ChangeList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

WINDOW = 2_000
# In the address of a list: only rows before this one are shown.
OLDER = "older"
LONGEST_KEY = 18
# The look-up of a list of keys.
KEYS = "pk__is_one_of"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Count no further than ``WINDOW``."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most ``WINDOW``."""
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[:WINDOW].count()
        return len(rows)


@dataclass(frozen=True)
class Window:
    """The rows that a list reads: a condition, and what the user reads about it."""

    condition: dict[str, Any]
    # A link leads to the rows before this one.
    next_older: int | None = None
    # More rows match, and no link leads to them.
    is_cut: bool = False


@dataclass(frozen=True)
class Served:
    """A filter that an index serves, and the order of that index."""

    parameter: str
    order: str = "-pk"
    # "": every value of the filter.
    value: str = ""


@Field.register_lookup
class IsOneOf(Lookup):  # type: ignore[type-arg]
    """One parameter for any number of values, where ``in`` has one for each."""

    lookup_name = "is_one_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Return the comparison with an array."""
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*values, list(self.rhs)]


def newest(rows: QuerySet[Any], *, older: int | None = None) -> Window:
    """Return the window of the newest rows by primary key."""
    condition = {} if older is None else {"pk__lt": older}
    keys = rows.filter(**condition).order_by("-pk").values_list("pk", flat=True)
    last = next(iter(keys[WINDOW - 1 : WINDOW]), None)
    if last is None or not keys.filter(pk__lt=last).exists():
        return Window(condition)
    return Window({**condition, "pk__gte": last}, next_older=last)


def chosen(keys: Iterable[Any], limit: int = WINDOW) -> Window:
    """Return the window of these keys; read one more than ``limit`` to know of more."""
    found = list(dict.fromkeys(keys))
    return Window({KEYS: found[:limit]}, is_cut=len(found) > limit)


def counted(rows: QuerySet[Any], most: int) -> Func:
    """Count the rows of a subquery, no further than ``most``."""
    keys = ArraySubquery(rows.values("pk")[:most])
    return Func(keys, function="cardinality", output_field=IntegerField())


def keys_of(rows: QuerySet[Any], column: str = "pk", limit: int = WINDOW) -> list[Any]:
    """Return the keys in a column, one more than ``limit`` where there are more."""
    return list(rows.values_list(column, flat=True)[: limit + 1])


def _without_index(order: Any) -> Any:
    """Return an order that no index has.

    Otherwise PostgreSQL may read the index of the order from its other end, and look
    for the rows of the window in it.
    """
    name = str(order).removeprefix("-")
    if not isinstance(order, str) or name in {"pk", "id"}:
        return order
    return OrderBy(Coalesce(F(name), F(name)), descending=order.startswith("-"))


class WindowChangeList(ChangeList):
    """A list of the rows in a window; related rows are read for one page only."""

    older: int | None = None

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """Keep the window when the page changes; anything else begins with the newest."""
        added = dict(new_params or {})
        if self.older is not None and set(added) == {PAGE_VAR}:
            added[OLDER] = self.older
        return str(super().get_query_string(added, remove))

    def get_filters(self, request: HttpRequest) -> Any:
        """Make the filters once: some of them ask the database."""
        if not hasattr(self, "_filters"):
            # No text of the database holds a NUL: the statement would fail.
            if any("\0" in "".join(given) for given in self.filter_params.values()):
                raise IncorrectLookupParameters
            self._filters = super().get_filters(request)
        return self._filters

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: Any = None
    ) -> QuerySet[Any]:
        """Filter, sort and search within the window."""
        whole, words = self.root_queryset, self.query  # type: ignore[has-type]
        if not hasattr(self, "window"):
            self.older = self._take_older()
            self.window, self._is_found = self._make_window(request)
        self.root_queryset, self.query = whole.filter(**self.window.condition), ""
        try:
            rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        finally:
            self.root_queryset, self.query = whole, words
        if self.window.condition:
            rows = rows.order_by(*map(_without_index, rows.query.order_by))
        if self._is_found or not words.strip():
            return rows
        rows, may_repeat = self.model_admin.search_texts(request, rows, words)
        return rows.distinct() if may_repeat else rows

    def _take_older(self) -> int | None:
        """Take the place where the window begins out of the parameters: it is no filter."""
        self.params.pop(OLDER, None)
        text = str(self.filter_params.pop(OLDER, [""])[-1])
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > LONGEST_KEY:
            raise IncorrectLookupParameters
        return int(text)

    def _make_window(self, request: HttpRequest) -> tuple[Window, bool]:
        """Return the window, and whether it holds what is searched for."""
        if self.query.strip():
            found = self.model_admin.find(request, self.query)
            if found is not None:
                return found, True
        if not isinstance(self.lookup_opts.pk, IntegerField):
            return Window({}), False
        window = newest(self.model._default_manager.all(), older=self.older)
        if (window.next_older is None and self.older is None) or self.query.strip():
            return window, False
        filters = {
            name: values[-1]
            for name, values in self.get_filters_params().items()
            if values and values[-1]
        }
        served = self._served(request, filters)
        served = served or self.model_admin.served(filters, self.older)
        return served or window, False

    def _served(self, request: HttpRequest, filters: dict[str, str]) -> Window | None:
        """Return the rows of the first chosen filter that an index serves."""
        specs = self.get_filters(request)[0]
        for each in self.model_admin.served_filters:
            for spec in specs:
                mine = [name for name in spec.expected_parameters() if name in filters]
                if not any(name.startswith(each.parameter) for name in mine):
                    continue
                if each.value and filters[mine[0]] != each.value:
                    continue
                rows = spec.queryset(request, self.model._default_manager.all())
                if rows is not None:
                    return chosen(keys_of(rows.order_by(each.order)))
        return None

    def get_results(self, request: HttpRequest) -> None:
        """Read the keys of a page, then its rows with all that belongs to them."""
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))  # type: ignore[has-type]
        rows = self.root_queryset.filter(**{KEYS: keys})
        if not rows.query.select_related:
            rows = self.apply_select_related(rows)
        by_key = {row.pk: row for row in rows}
        self.result_list = [by_key[key] for key in keys if key in by_key]

    @property
    def older_url(self) -> str:
        """Return the address of the rows before this window, "" when there are none."""
        if self.window.next_older is None:
            return ""
        return self.get_query_string({OLDER: self.window.next_older})

    @property
    def note(self) -> str:
        """Say what the list leaves out, "" when it leaves nothing out."""
        if self.window.is_cut:
            return gettext(
                "More rows match than the {rows} that are shown. A narrower search or "
                "range finds the others."
            ).format(rows=f"{len(self.window.condition[KEYS]):,}")
        if self.window.next_older is None:
            return ""
        rows = f"{WINDOW:,}"
        if self.older is None:
            return gettext("This is within the newest {rows} rows.").format(rows=rows)
        return gettext("This is within the next {rows} rows.").format(rows=rows)

    @property
    def kept_query(self) -> str:
        """Return the filters of the address, which a search keeps."""
        kept = {k: v for k, v in self.filter_params.items() if k != SEARCH_VAR}
        return urlencode(kept, doseq=True)

    @property
    def newest_url(self) -> str:
        """Return the address of the list without its beginning."""
        return self.get_query_string()
