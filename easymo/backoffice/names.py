"""The names of apps, models, fields and choices, translated without a mark at each of them.

A model says them in English or leaves them to Django ("created at"). Migrations compare
what the model says, so the translation changes none. `scripts/texts.py` collects them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

APPS = (
    *("agents", "backoffice", "database", "observability", "procrastinate"),
    *("rollout", "vouchers"),
)


def translate_names() -> None:
    """Let the names of our models follow the language of the page."""
    for label in APPS:
        config = apps.get_app_config(label)
        config.verbose_name = _lazy(config.verbose_name)
    for model in _models():
        meta: Any = model._meta
        meta.verbose_name = _lazy(meta.verbose_name)
        meta.verbose_name_plural = _lazy(meta.verbose_name_plural)
        for field in meta.local_fields:
            field.verbose_name = _lazy(field.verbose_name)
            if field.choices:
                field.choices = [
                    (value, _lazy(name)) for value, name in field.flatchoices
                ]


def texts() -> Iterator[str]:
    """Return the names that pages show."""
    for label in APPS:
        yield str(apps.get_app_config(label).verbose_name)
    for page in _pages():
        meta: Any = page.model._meta
        yield str(meta.verbose_name)
        yield str(meta.verbose_name_plural)
        shown = _shown(page)
        for field in meta.local_fields:
            if shown is not None and field.name not in shown:
                continue
            yield str(field.verbose_name)
            for _value, name in field.flatchoices or ():
                yield str(name)


def _pages() -> Iterator[Any]:
    for page in admin.site._registry.values():
        if page.model._meta.app_label in APPS:
            yield page
        yield from page.inlines


def _shown(page: Any) -> set[str] | None:
    """Return the names of the fields on the page; None: all."""
    if page.fields is None and page.fieldsets is None:
        return None
    listed = (getattr(page, "list_display", ()), getattr(page, "list_filter", ()))
    names = [*listed[0], *listed[1], *page.readonly_fields]
    groups = [page.fields or (), *(one[1]["fields"] for one in page.fieldsets or ())]
    names += [name for group in groups for name in group]
    flat = [part for name in names for part in _parts(name)]
    return {part for part in flat if isinstance(part, str)}


def _parts(name: Any) -> list[Any]:
    # A filter is a name, or a name with its class; a row of fields is a tuple.
    return list(name) if isinstance(name, tuple | list) else [name]


def _models() -> list[type[Model]]:
    return [
        model for label in APPS for model in apps.get_app_config(label).get_models()
    ]


def _lazy(text: Any) -> Any:
    return gettext_lazy(text) if isinstance(text, str) and text else text
