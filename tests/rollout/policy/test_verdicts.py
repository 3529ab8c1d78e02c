from __future__ import annotations

from hypothesis import given

from rollout.policy.verdicts import Guardrail, Level, Verdict, from_json
from tests.rollout.policy.test_decision_matrix import VERDICTS


@given(VERDICTS)
def test_as_json__any_verdict__comes_back_as_it_was(verdict: Verdict) -> None:
    assert from_json(verdict.as_json()) == verdict


def test_as_json__nothing_wrong__is_short() -> None:
    stored = Verdict(Guardrail.SUCCESS, "chat", Level.OK).as_json()

    assert set(stored) == {"guardrail", "channel", "level", "value", "n", "evidence"}


def test_from_json__stored_by_another_release__keeps_what_it_knows() -> None:
    stored = Verdict(Guardrail.COST, "voice", Level.WARN, value=2.0).as_json()

    found = from_json(stored | {"of a later release": 1})

    assert (found.guardrail, found.value, found.share_here) == ("cost", 2.0, 1.0)
