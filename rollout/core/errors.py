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
    """What was typed names nobody, and could not."""

    code = "unknown_person"


class InvalidChange(RolloutError):
    """The change asked for makes no sense as it stands."""

    code = "invalid_change"


class FullRollback(RolloutError):
    """Nothing is turned on while a full rollback is in force."""

    code = "full_rollback"


class InvalidReason(RolloutError):
    """A reason has 1 to 500 characters, none of them a control character."""

    code = "invalid_reason"


class FlagsBusy(RolloutError):
    """Another change holds the switches and did not let go in time."""

    code = "busy"


class InvalidTransition(RolloutError):
    """The incident cannot go from its status to that one."""

    code = "invalid_transition"


class LessonsMissing(InvalidTransition):
    """An incident is closed with its four lessons written down, and not before."""

    code = "lessons_missing"


class AlreadyDone(RolloutError):
    """It was done before; once is enough."""

    code = "already_done"


class WrongState(RolloutError):
    """The plan does not stand so that this can be done."""

    code = "wrong_state"


class OverrideNeeded(RolloutError):
    """A stage is skipped, or its gates are passed by, only on purpose."""

    code = "override_needed"


class PlanFrozen(RolloutError):
    """Nothing is turned on while the plan is frozen, by whatever override."""

    code = "frozen"


class SecondPersonNeeded(RolloutError):
    """Nobody approves what she asked for herself."""

    code = "second_person"


class RequirementsUnmet(RolloutError):
    """Something that this takes is not there yet; `unmet` names each."""

    code = "not_met"

    def __init__(self, message: str, unmet: Sequence[str]) -> None:
        super().__init__(message)
        self.unmet = tuple(unmet)


class GatesUnmet(RequirementsUnmet):
    """The stage is left when all its gates are met."""

    code = "gates_unmet"


class ResumeRequirementsUnmet(RequirementsUnmet):
    """After a rollback features come back when what caused it has been mended."""

    code = "not_mended"
