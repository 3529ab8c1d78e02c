"""Filters by a range of days or moments, in the time zone of the site."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateFilter, RangeDateTimeFilter
from unfold.utils import parse_date_str, parse_datetime_str

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest


class DayRangeFilter(RangeDateFilter):  # type: ignore[misc]
    """Filters a time by days; the last day is included."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**days(self.used_parameters, self.parameter_name))


class MomentRangeFilter(RangeDateTimeFilter):  # type: ignore[misc]
    """Filters a time by two moments."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**moments(self.used_parameters, self.parameter_name))


def days(chosen: Mapping[str, Any], name: str, column: str = "") -> dict[str, datetime]:
    """Return the condition of the chosen days, {} when none is chosen."""
    found, column = {}, column or name
    for end, lookup, at in (("from", "gte", time.min), ("to", "lte", time.max)):
        if day := parse_date_str(chosen.get(f"{name}_{end}", "")):
            moment = datetime.combine(day, at)
            found[f"{column}__{lookup}"] = timezone.make_aware(moment)
    return found


def moments(
    chosen: Mapping[str, Any], name: str, column: str = ""
) -> dict[str, datetime]:
    """Return the condition of the chosen moments, {} when none is chosen."""
    found, column = {}, column or name
    for end, lookup in (("from", "gte"), ("to", "lte")):
        day, at = (chosen.get(f"{name}_{end}_{n}", "") for n in (0, 1))
        if day and at and (moment := parse_datetime_str(f"{day} {at}")):
            found[f"{column}__{lookup}"] = timezone.make_aware(moment)
    return found
