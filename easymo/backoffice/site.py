"""The site of the back office: Unfold's, with a menu that costs little on each page.

Addresses, checks and counts of the menu are looked up once in a process. For each page
only the rights are asked. The list of all models, which none of these pages shows, is worked
out where a page asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlparse

from django.conf import settings
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from unfold.sites import UnfoldAdminSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


@dataclass(frozen=True)
class Entry:
    """One entry of the menu: what the template shows, and who may open it."""

    shown: dict[str, Any]
    # Pages below this one are in the entry; "" where another entry has the same page.
    path: str
    may_open: Callable[[HttpRequest], bool] | None
    count: Callable[[HttpRequest], str] | None

    def for_page(self, request: HttpRequest, home: str) -> dict[str, Any]:
        """Return the entry as the template shows it on this page."""
        is_here = (
            request.path == home
            if self.path == home
            else bool(self.path) and self.path in request.path
        )
        found = self.shown | {"active": is_here, "has_permission": True}
        if self.count is not None:
            # Counted only where the menu is shown.
            found["count"] = SimpleLazyObject(partial(self.count, request))
        return found


class Site(UnfoldAdminSite):  # type: ignore[misc]
    """Unfold's site with our menu."""

    @cached_property
    def menu(self) -> list[tuple[dict[str, Any], list[Entry]]]:
        """Return the groups of the settings with their entries."""
        groups = cast("Any", settings.UNFOLD)["SIDEBAR"]["navigation"]
        return [(group, [_entry(item) for item in group["items"]]) for group in groups]

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return the groups with the entries that the user may open."""
        home = reverse("admin:index")
        found = []
        for group, entries in self.menu:
            items = [
                entry.for_page(request, home)
                for entry in entries
                if entry.may_open is None or entry.may_open(request)
            ]
            is_here = any(item["active"] for item in items)
            found.append(group | {"items": items, "has_active": is_here})
        return found

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        """Return all models that the user sees, when the list is read."""
        listed = partial(super().get_app_list, request, app_label)
        return cast("list[Any]", SimpleLazyObject(listed))


def _entry(item: dict[str, Any]) -> Entry:
    link = item["link"]
    # Only the entry of the control room makes its address: it is a view of another page.
    is_made = callable(link)
    address = str(link(None) if is_made else link)
    check, count = item.get("permission"), item.get("badge")
    return Entry(
        shown={"title": item["title"], "icon": item["icon"], "link": address},
        path="" if is_made else urlparse(address).path,
        may_open=import_string(check) if isinstance(check, str) else check,
        count=import_string(count) if count else None,
    )
