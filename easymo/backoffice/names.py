"""The names of apps, models, fields and choices, translated without a mark at each of them.

A model says them in English or leaves them to Django ("created at"). Migrations compare
what the model says, so the translation changes none. `scripts/texts.py` collects them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.apps import apps
from django.contrib import admin
from django.forms.utils import pretty_name
from django.utils.translation import gettext, gettext_lazy, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import Permission
    from django.db.models import Model

OURS = ("agents", "easymo", "rollout", "vouchers")
APPS = (
    *("agents", "backoffice", "database", "observability", "procrastinate"),
    *("rollout", "vouchers"),
)


# The rights that Django makes for each model.
RIGHTS = {
    "add": gettext_noop("Can add {name}"),
    "change": gettext_noop("Can change {name}"),
    "delete": gettext_noop("Can delete {name}"),
    "view": gettext_noop("Can view {name}"),
}


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
    yield from _labels()
    for page in _pages():
        meta: Any = page.model._meta
        yield str(meta.verbose_name)
        yield str(meta.verbose_name_plural)
        shown = _shown(page)
        for field in meta.local_fields:
            # A state is also shown in other columns than that of its field.
            for _value, name in field.flatchoices or ():
                yield str(name)
            if shown is None or field.name in shown:
                yield str(field.verbose_name)


def permission_text(permission: Permission) -> str:
    """Return a right in the language of the page, with what it is about."""
    kind = permission.content_type
    model = kind.model_class()
    name = permission.name
    verb, _sep, rest = permission.codename.partition("_")
    if model is not None and rest == kind.model and verb in RIGHTS:
        what = str(model._meta.verbose_name)
        return f"{kind.app_labeled_name} | {gettext(RIGHTS[verb]).format(name=what)}"
    return f"{kind.app_labeled_name} | {gettext(name)}"


def permissions() -> Iterator[str]:
    """Return the names of rights that a role can have, as the database stores them."""
    for model in _models():
        for _codename, name in model._meta.permissions:
            yield str(name)


def _labels() -> Iterator[str]:
    """Return the labels that Django makes of the names of fields in forms."""
    for form in _forms(forms.Form):
        for name, field in form.base_fields.items():  # type: ignore[attr-defined]
            if field.label is None and not field.widget.is_hidden:
                yield pretty_name(name)
    for form in _forms(forms.ModelForm):
        fields = {
            each.name: each for each in cast("Any", form)._meta.model._meta.fields
        }
        for name in fields.keys() & form.base_fields.keys():  # type: ignore[attr-defined]
            yield str(fields[name].verbose_name)


def label_fields(form: forms.BaseForm) -> None:
    """Translate the labels that Django makes of names, and those of choices."""
    for name, field in form.fields.items():
        if field.label is None:
            field.label = gettext(pretty_name(name))
        if type(field) in {forms.ChoiceField, forms.TypedChoiceField}:
            choices = cast("Any", field).choices
            cast("Any", field).choices = [
                (value, gettext(text) if isinstance(text, str) and text else text)
                for value, text in choices
            ]


def _forms(kind: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    for form in kind.__subclasses__():
        if form.__module__.split(".")[0] in OURS:
            yield form
        yield from _forms(form)


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
    return gettext_lazy(str(text)) if text else text


class Colours(dict[Any, str]):
    """The colours of labels by their English text, found by the text that is shown."""

    def __contains__(self, shown: object) -> bool:
        return self._english(shown) is not None

    def __getitem__(self, shown: Any) -> str:
        key = self._english(shown)
        if key is None:
            raise KeyError(shown)
        return super().__getitem__(key)

    def _english(self, shown: object) -> Any:
        text = str(shown)
        return next(
            (key for key in self if text in {str(key), gettext(str(key))}), None
        )


def keep_colours(page: Any) -> None:
    """Let the labels of a page keep their colours in every language."""
    for name in dir(type(page)):
        method = getattr(type(page), name, None)
        label = getattr(method, "label", None)
        if callable(method) and isinstance(label, dict):
            method.label = Colours(label)  # type: ignore[attr-defined]
