"""The site of the back office: Unfold's, with a menu that costs little on each page.

Addresses, checks and counts of the menu are looked up once in a process. For each page
only the rights are asked. The list of all models, which none of these pages shows, is worked
out where a page asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urljoin, urlparse

from django.conf import settings
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from unfold.sites import UnfoldAdminSite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest


@dataclass(frozen=True)
class Entry:
    """One entry of the menu: what the template shows, and who may open it."""

    shown: dict[str, Any]
    # Pages below this one are in the entry; of several entries the longest path counts.
    path: str
    # What the address has besides: the control room is a view of the first page.
    query: Mapping[str, str]
    may_open: Callable[[HttpRequest], bool] | None
    count: Callable[[HttpRequest], str] | None

    def is_open_to(self, request: HttpRequest) -> bool:
        return self.may_open is None or self.may_open(request)

    def fit(self, request: HttpRequest, home: str) -> int:
        """Return how exactly the entry is the page of this request; 0: it is not."""
        asked = request.GET
        if any(asked.get(name) != value for name, value in self.query.items()):
            return 0
        is_here = (
            request.path == home
            if self.path == home
            else request.path.startswith(self.path)
        )
        return (len(self.path) + len(self.query)) if is_here else 0

    def for_page(self, request: HttpRequest, *, is_here: bool) -> dict[str, Any]:
        """Return the entry as the template shows it on this page."""
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
        groups = [
            (group, [entry for entry in entries if entry.is_open_to(request)])
            for group, entries in self.menu
        ]
        every = [entry for _, entries in groups for entry in entries]
        best = max(every, key=lambda entry: entry.fit(request, home), default=None)
        found = []
        for group, entries in groups:
            items = [
                entry.for_page(
                    request, is_here=entry is best and entry.fit(request, home) > 0
                )
                for entry in entries
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
    address = str(link(None) if callable(link) else link)
    check, count = item.get("permission"), item.get("badge")
    parts = urlparse(address)
    return Entry(
        shown={"title": item["title"], "icon": item["icon"], "link": address},
        path=urljoin(parts.path, "..") if item.get("with_siblings") else parts.path,
        query=dict(parse_qsl(parts.query)),
        may_open=import_string(check) if isinstance(check, str) else check,
        count=import_string(count) if count else None,
    )
