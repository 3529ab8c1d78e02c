from __future__ import annotations

from django.db import transaction

from easymo.sentences import translatable
from rollout import locks
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import InvalidChange, UnknownCohort
from rollout.flags import fence
from rollout.models import Cohort, CohortMember, FlagChange


def make_cohort(*, name: str, description: str = "", is_new: bool = False) -> Cohort:
    """Return the cohort of that name; create it when it does not exist.

    With ``is_new`` a name that exists is refused.
    """
    field = Cohort._meta.get_field("name")
    if len(name) > (field.max_length or 0) or not is_plain(name):
        raise InvalidChange(
            translatable(
                "A cohort's name has 1 to 50 lower-case letters, digits, - or _."
            )
        )
    cohort, created = Cohort.objects.get_or_create(
        name=name, defaults={"description": description[:200]}
    )
    if is_new and not created:
        raise InvalidChange(
            translatable(
                "There is already a cohort {name}. Open it to change it.", name=name
            )
        )
    return cohort


def is_plain(name: str) -> bool:
    return (
        name.isascii()
        and name[:1].isalnum()
        and name == name.lower()
        and all(c.isalnum() or c in "-_" for c in name)
    )


def add_member(
    cohort_name: str,
    subject: str,
    by: str,
    *,
    reason: str = "added",
    source: str = FlagChange.Source.CLI,
) -> bool:
    """Add a subject to a cohort; False when it is a member already."""
    reason, by = valid_reason(reason), valid_actor(by)
    with transaction.atomic():
        locks.lock_flags()
        cohort = cohort_named(cohort_name)
        member, created = CohortMember.objects.get_or_create(
            cohort=cohort, subject=valid_subject(subject), defaults={"added_by": by}
        )
        if created:
            FlagChange.objects.create(
                kind=FlagChange.Kind.MEMBER_ADDED,
                cohort=cohort,
                subject=member.subject,
                actor=by,
                reason=reason,
                source=source,
            )
    return created


def remove_member(
    cohort_name: str,
    subject: str,
    by: str,
    *,
    reason: str,
    source: str = FlagChange.Source.CLI,
) -> bool:
    """Remove a subject, behind the fence; False when it is not a member."""
    reason, by = valid_reason(reason), valid_actor(by)
    with transaction.atomic():
        fence.close_fence()
        locks.lock_flags()
        cohort = cohort_named(cohort_name)
        removed, _ = CohortMember.objects.filter(
            cohort=cohort, subject=subject
        ).delete()
        if removed:
            FlagChange.objects.create(
                kind=FlagChange.Kind.MEMBER_REMOVED,
                cohort=cohort,
                subject=subject,
                actor=by,
                reason=reason,
                source=source,
            )
    return bool(removed)


def remove_everywhere(
    subject: str, by: str, *, reason: str, source: str = FlagChange.Source.CLI
) -> None:
    """Remove a subject from every cohort. It may take the fence: call it first."""
    members = CohortMember.objects.filter(subject=subject).order_by("cohort__name")
    for name in members.values_list("cohort__name", flat=True):
        remove_member(name, subject, by, reason=reason, source=source)


def cohort_named(name: str) -> Cohort:
    try:
        return Cohort.objects.get(name=name)
    except Cohort.DoesNotExist as error:
        raise UnknownCohort(
            translatable("There is no cohort called {name}.", name=repr(name[:60]))
        ) from error


def valid_subject(subject: str) -> str:
    if not 1 <= len(subject) <= 100 or not all("!" <= c <= "~" for c in subject):
        raise InvalidChange(
            translatable("A subject has 1 to 100 visible ASCII characters.")
        )
    return subject
