"""The lines of the pre-deployment checklist about the rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    skipped,
    warning,
)
from rollout.core import clock
from rollout.core.formatting import usd
from rollout.evidence.verdicts import latest_verdicts
from rollout.flags.selectors import feature_states
from rollout.guardrails import evaluate
from rollout.models import Plan
from rollout.notices import contacts

if TYPE_CHECKING:
    from rollout.flags.selectors import FeatureState

DAILY = "DAILY_COST_USD"


@line(
    "flags.off",
    "Features are off for the initial deployment",
    Section.ENVIRONMENT,
    place=3,
    reads_rows=True,
)
def features_are_off(circumstances: Circumstances) -> LineResult:
    states = feature_states()
    found_on = [state for state in states if state.is_on and not state.forced_off]
    on = [state.name for state in found_on]
    if len(states) < 4:
        return failed(
            f"{len(states)} of 4 features are registered.", "Run `manage.py migrate`."
        )
    forced = sorted(settings.FEATURES_FORCED_OFF)
    note = f" Forced off by the environment: {', '.join(forced)}." if forced else ""
    if not on:
        return ok(f"All four are off.{note}")
    if not circumstances.is_initial:
        return ok(f"On, as may be in this stage: {', '.join(on)}.{note}")
    if circumstances.is_demonstration:
        return ok(f"On, for the demonstration: {', '.join(on)}.")
    return _on_before_smoke(found_on)


def _on_before_smoke(found: list[FeatureState]) -> LineResult:
    """After a rollback, features may be on for the smoke tests only."""
    on = ", ".join(state.name for state in found)
    if all(state.is_limited_to_smoke for state in found):
        return ok(f"On for the smoke tests' people only: {on}.")
    if Plan.objects.filter(state=Plan.State.RECOVERY).exists():
        return warning(
            f"On again after a rollback, in the stage infrastructure: {on}.",
            "Limit them to the cohort smoke, or advance the stage when it may be left.",
            found[0].name,
        )
    return failed(
        f"On in the stage infrastructure: {on}.",
        f"`manage.py flags set {found[0].name}=off --reason …`,"
        " or advance the stage first.",
        found[0].name,
    )


@line("flags.waffle", "Feature flags cannot be bypassed", Section.SITE)
def waffle_is_tied(circumstances: Circumstances) -> LineResult:
    message = circumstances.message("rollout.E001", "rollout.E002", "rollout.E003")
    if message:
        return failed(str(message.msg), str(message.hint), "WAFFLE_OVERRIDE")
    return ok("WAFFLE_OVERRIDE is off, and the flags are ours.")


@line(
    "evaluator.alive",
    "The evaluator runs each minute",
    Section.RUNNING,
    reads_rows=True,
)
def evaluator_is_alive(circumstances: Circumstances) -> LineResult:
    newest = latest_verdicts()
    remedy = "It runs in the worker: start one, and read its log."
    if newest.at is None:
        return circumstances.lacking("It has never run.", remedy)
    silent = (clock.now() - newest.at).total_seconds()
    if newest.is_silent:
        return circumstances.lacking(
            f"It last ran {silent / 60:.0f} minutes ago.", remedy
        )
    return ok(f"It ran {max(silent, 0):.0f} s ago.")


@line("spending.planned", "Expected traffic and cost are set", Section.RUNNING)
def spending_is_planned(circumstances: Circumstances) -> LineResult:
    """The spending caps come from the expected traffic; caps too low cause a rollback."""
    policy = evaluate.policy_in_force()
    caps = (
        f"everything goes off beyond {usd(policy.spend_an_hour)} in an hour"
        f" or {usd(policy.spend_day)} in a day"
    )
    unset = [name for name in settings.PLANNED_BY_DEFAULT if name != DAILY]
    if not unset:
        return ok(f"As planned, {caps}.")
    if circumstances.is_initial or circumstances.is_demonstration:
        return ok(f"The defaults hold: {caps}.")
    if settings.DAILY_COST_USD == 0:
        unset.append(DAILY)
    return warning(
        f"No expected traffic is set, so by the defaults {caps}.",
        f"Set {', '.join(unset)} to planned values, or to those of the beta.",
        unset[0],
    )


@line(
    "people.contacts",
    "A contact is on call, and was called within 30 days",
    Section.RUNNING,
    reads_rows=True,
)
def contacts_answer(circumstances: Circumstances) -> LineResult:
    """Apply the same rule as the gate of the stages."""
    if circumstances.is_demonstration:
        return skipped("A demonstration, for this machine only.")
    if found := contacts.problems():
        return circumstances.lacking(
            " ".join(found[:5]),
            "Enter people under Contacts in the back office, call them, and record it there.",
        )
    return ok(f"{len(contacts.on_call())} people can be called, in order.")
