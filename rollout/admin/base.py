"""The base class of this app's admin pages."""

from __future__ import annotations

from easymo.backoffice.pages import ReadOnlyAdmin
from rollout.core.errors import RolloutError

CHANGE = "rollout.change_exposure"
ROLL_BACK = "rollout.rollback"
MOVE = "rollout.move_stage"


class RolloutAdmin(ReadOnlyAdmin):
    """Shows what a service refuses, with each unmet condition as a sentence."""

    refusals = (RolloutError,)

    def refusal_sentences(self, error: Exception) -> list[str]:
        """Return the refusal and each unmet condition that it does not name."""
        text = str(error)
        unmet = [str(each) for each in getattr(error, "unmet", ())]
        return [text, *(each for each in unmet if each not in text)]
