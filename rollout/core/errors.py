from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class RolloutError(Exception):
    """The change of exposure was refused; nothing was written."""

    code = "refused"


class UnknownFeature(RolloutError):
    """There is no feature of that name."""

    code = "unknown_feature"


class UnknownCohort(RolloutError):
    """There is no cohort of that name."""

    code = "unknown_cohort"


class UnknownPerson(RolloutError):
    """The text is neither a phone number nor an id."""

    code = "unknown_person"


class InvalidChange(RolloutError):
    """The requested change is not valid."""

    code = "invalid_change"


class ChangedMeanwhile(RolloutError):
    """What the person saw has changed since."""

    code = "changed_meanwhile"


class FullRollback(RolloutError):
    """No feature can be turned on while a full rollback is in force."""

    code = "full_rollback"


class InvalidReason(RolloutError):
    """A reason has 1 to 500 characters, none of them a control character."""

    code = "invalid_reason"


class FlagsBusy(RolloutError):
    """Another change holds the lock on the flags or the plan for too long."""

    code = "busy"


class InvalidTransition(RolloutError):
    """The incident cannot change from its status to that one."""

    code = "invalid_transition"


class LessonsMissing(InvalidTransition):
    """An incident cannot be closed before its four lessons are written."""

    code = "lessons_missing"


class AlreadyDone(RolloutError):
    """It is done already."""

    code = "already_done"


class WrongState(RolloutError):
    """The state of the plan does not allow this."""

    code = "wrong_state"


class OverrideNeeded(RolloutError):
    """Skipping a stage or its gates needs an override."""

    code = "override_needed"


class PlanFrozen(RolloutError):
    """No feature can be turned on while the plan is frozen, not even by override."""

    code = "frozen"


class SecondPersonNeeded(RolloutError):
    """The person who asks cannot approve."""

    code = "second_person"


class RequirementsUnmet(RolloutError):
    """Requirements are not met; `unmet` lists them."""

    code = "not_met"

    def __init__(self, message: str, unmet: Sequence[str]) -> None:
        super().__init__(message)
        self.unmet = tuple(unmet)


class GatesUnmet(RequirementsUnmet):
    """The stage cannot be left before all its gates are met."""

    code = "gates_unmet"


class ResumeRequirementsUnmet(RequirementsUnmet):
    """The requirements to resume after a rollback are not met."""

    code = "not_mended"
