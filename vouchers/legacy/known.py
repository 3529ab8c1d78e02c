"""The people that the import knows: those stored here, and those of this dry run.

A dry run stores nothing, so it remembers by id and number the people that it would add.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vouchers.models import LegacyRecord, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable

SANDBOX, ERASED = "sandbox", "erased"


@dataclass(frozen=True, slots=True)
class Known:
    """A person: the primary key, negative where a dry run would add the person."""

    pk: int
    state: str = ""


@dataclass(slots=True)
class Register:
    """Find people by number and by their ids in the earlier system."""

    is_dry: bool
    _numbers: dict[str, Known] = field(default_factory=dict)
    _ids: dict[str, Known] = field(default_factory=dict)

    def by_number(self, numbers: Iterable[str]) -> dict[str, Known]:
        wanted = {number for number in numbers if number}
        planned = {each: self._numbers[each] for each in wanted & self._numbers.keys()}
        rows = Profile.objects.filter(msisdn__in=wanted).values_list(
            "msisdn", "pk", "is_sandbox"
        )
        return planned | {
            str(number): Known(pk, SANDBOX if is_sandbox else "")
            for number, pk, is_sandbox in rows
        }

    def by_id(self, ids: Iterable[str]) -> dict[str, Known]:
        wanted = set(ids)
        planned = {each: self._ids[each] for each in wanted & self._ids.keys()}
        rows = LegacyRecord.objects.filter(
            kind=LegacyRecord.Kind.PROFILE, legacy_id__in=wanted
        ).values_list("legacy_id", "profile_id", "profile__erased_at")
        return planned | {
            legacy_id: Known(pk, ERASED if erased_at else "")
            for legacy_id, pk, erased_at in rows
        }

    def plan(self, number: str) -> Known:
        """Remember a person that a dry run would add."""
        known = Known(-len(self._numbers) - 1)
        self._numbers[number] = known
        return known

    def plan_ids(self, ids: Iterable[str], known: Known) -> None:
        """Remember in a dry run whose ids these are."""
        if self.is_dry:
            self._ids.update(dict.fromkeys(ids, known))
