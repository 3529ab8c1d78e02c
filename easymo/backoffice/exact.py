"""Find rows by a whole value in a column that has an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import ForeignKey

from easymo.backoffice.windows import Window, chosen, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Field, Model


def exactly(model: type[Model], names: Iterable[str], value: str) -> Window | None:
    """Return the rows with this value in one of the columns; None when there is none.

    Each column is asked apart, because a condition with OR reads the whole table.
    """
    keys: list[Any] = []
    for name in names:
        field = _field(model, name)
        try:
            wanted = field.to_python(value)
            field.run_validators(wanted)
        except (ValidationError, ValueError):
            continue
        rows = model._default_manager.filter(**{field.attname: wanted})
        keys += keys_of(rows.order_by("-pk"))
    return chosen(keys) if keys else None


def is_indexed(model: type[Model], name: str) -> bool:
    """Tell whether an index begins with this column of the model's own table."""
    if "__" in name.removesuffix("__id"):
        return False
    field: Any = _field(model, name)
    if field.primary_key or field.unique or field.db_index:
        return True
    meta = model._meta
    first = [
        each.fields[0] for each in meta.indexes if each.fields and not each.condition
    ]
    first += [each.fields[0] for each in meta.total_unique_constraints]
    return field.name in first


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    """Return the column; "event__id" is the column of the key "event"."""
    head, _, rest = name.partition("__")
    field: Any = model._meta.get_field(head)
    if rest and not isinstance(field, ForeignKey):
        raise ValueError(f"{name} is no column.")
    return field
