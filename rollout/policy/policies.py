"""A policy from its name, or from JSON that changes the one in force. Pure.

`{"alpha": 0.05, "tests": {"success rollback": {"q0": 0.1}},
"expected": {"chat": {"an_hour": 100, "cost": 0.1}}, "spend_times": 5}`
"""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from rollout.policy.guardrails import UnknownGuardrail, detector_for
from rollout.policy.replay import ByEvidence, Naive60

if TYPE_CHECKING:
    from rollout.policy.guardrails import Policy
    from rollout.policy.replay import Looker

NAMES = ("default", "naive60")


class InvalidPolicy(ValueError):
    """The policy cannot be read; the text says what is wrong with it."""


def looker_of(text: str, *, base: Policy, stage: str) -> Looker:
    """Return what looks at the evidence by that policy. Raises InvalidPolicy."""
    if text == "naive60":
        return Naive60(base)
    if text == "default":
        return ByEvidence(base, stage)
    if not text.lstrip().startswith("{"):
        raise InvalidPolicy(
            f"There is no policy {text[:40]!r}; there are {' and '.join(NAMES)},"
            " or write one as JSON."
        )
    try:
        wanted = json.loads(text)
        policy = _changed(base, wanted, stage)
        for test in policy.tests:
            for expected in policy.expected.values():
                detector_for(test, budget=policy.budget(stage), expected=expected)
    except InvalidPolicy:
        raise
    except UnknownGuardrail as error:
        raise InvalidPolicy(str(error)) from error
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise InvalidPolicy(f"The policy cannot be used: {error}") from error
    return ByEvidence(policy, stage)


def _changed(base: Policy, wanted: dict[str, Any], stage: str) -> Policy:
    _refuse_unknown(
        wanted, {"name", "alpha", "tests", "expected", "spend_times", "spend_a_day"}
    )
    day = wanted.get("spend_a_day", base.spend_a_day)
    policy = replace(
        base,
        name=str(wanted.get("name", "JSON")),
        spend_times=_positive(wanted.get("spend_times", base.spend_times)),
        spend_a_day=None if day is None else _positive(day),
    )
    if "alpha" in wanted:
        budget = replace(base.budget(stage), alpha=float(wanted["alpha"]))
        policy = replace(policy, budgets={**base.budgets, stage: budget})
    for name, changes in wanted.get("tests", {}).items():
        policy = _with_test(policy, name, changes)
    for channel, changes in wanted.get("expected", {}).items():
        _refuse_unknown({channel: 0}, set(base.expected))
        _refuse_unknown(changes, {"an_hour", "cost"})
        numbers = {name: _positive(value) for name, value in changes.items()}
        changed = replace(policy.expected[channel], **numbers)
        policy = replace(policy, expected={**policy.expected, channel: changed})
    return policy


def _with_test(policy: Policy, name: str, changes: dict[str, Any]) -> Policy:
    guardrail, _, watch = name.partition(" ")
    old = policy.test(guardrail, watch)
    _refuse_unknown(changes, {"q0", "levels", "bets"})
    new = replace(
        old,
        q0=float(changes.get("q0", old.q0)),
        levels=tuple(map(float, changes.get("levels", old.levels))),
        bets=tuple(map(float, changes.get("bets", old.bets))),
    )
    tests = tuple(new if test is old else test for test in policy.tests)
    return replace(policy, tests=tests)


def _positive(value: Any) -> float:
    number = float(value)
    if not 0.0 < number < inf:
        raise InvalidPolicy(f"{value!r} is no positive number.")
    return number


def _refuse_unknown(given: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(given) - known):
        there_are = ", ".join(sorted(known))
        raise InvalidPolicy(f"{unknown[0]!r} is unknown; there are: {there_are}.")
