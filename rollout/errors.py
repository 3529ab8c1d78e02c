from __future__ import annotations


class RolloutError(Exception):
    """The change of exposure was refused; nothing was written."""

    code = "refused"


class UnknownFeature(RolloutError):
    """There is no feature of that name."""

    code = "unknown_feature"


class UnknownCohort(RolloutError):
    """There is no cohort of that name."""

    code = "unknown_cohort"


class InvalidChange(RolloutError):
    """The change asked for makes no sense as it stands."""

    code = "invalid_change"


class FullRollback(RolloutError):
    """Nothing is turned on while a full rollback is in force."""

    code = "full_rollback"


class InvalidReason(RolloutError):
    """A reason has 1 to 500 characters, none of them a control character."""

    code = "invalid_reason"


class SwitchesBusy(RolloutError):
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
