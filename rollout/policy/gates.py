"""Evaluate the gates of a stage: facts in, one result for each gate out. Pure.

A gate that is not met needs an action (`fail`), needs time or traffic (`pending`), or
has no data (`no_data`). A gate without data never passes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from easymo.sentences import counted, joined, label, translatable
from rollout.core.formatting import approximate_duration, duration, first_of
from rollout.policy import gate_figures
from rollout.policy.gate_figures import GateOutcome, GateVerdict
from rollout.policy.stages import NEVER_WAIVED, GateName, Stage, State
from rollout.policy.verdicts import EVALUATOR_SILENT_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollout.policy.gate_figures import CheckResult, GateFacts

FRESH = timedelta(hours=1)
HOUR = timedelta(hours=1)
MEMBERS_AT_LEAST, MEMBERS_AT_MOST = 5, 10


@dataclass(frozen=True, slots=True)
class Gate:
    """The result of one gate: its value, what it needs, and a forecast."""

    name: GateName
    title: str
    verdict: GateVerdict
    value: str
    need: str
    forecast: str = ""

    @property
    def is_met(self) -> bool:
        return self.verdict in {GateVerdict.MET, GateVerdict.WAIVED}

    @property
    def sentence(self) -> str:
        """Return value and need in one line."""
        needs = joined(", ", filter(None, [self.need, self.forecast]))
        return translatable(
            "{title}: {value} (needs {needs})",
            title=self.title,
            value=self.value,
            needs=needs,
        )


def evaluate_gates(facts: GateFacts) -> list[Gate]:
    """Return the results of the gates of the stage, in their order."""
    return [_gate(name, _EVALUATORS[name](facts), facts) for name in facts.terms.gates]


def unmet(gates: list[Gate]) -> list[Gate]:
    return [gate for gate in gates if not gate.is_met]


def _gate(name: GateName, outcome: GateOutcome, facts: GateFacts) -> Gate:
    verdict = outcome.verdict
    if not outcome.is_met and name in facts.waived - NEVER_WAIVED:
        verdict = GateVerdict.WAIVED
    return Gate(
        name, label(name.label), verdict, outcome.value, outcome.need, outcome.forecast
    )


def _result(
    met: bool, value: str, need: str, otherwise: GateVerdict = GateVerdict.FAIL
) -> GateOutcome:
    return GateOutcome(GateVerdict.MET if met else otherwise, value, need)


def _state(facts: GateFacts) -> GateOutcome:
    words = label(facts.state.replace("_", " "))
    active = facts.state == State.ACTIVE
    waits = facts.state in {State.HELD, State.RECOVERY}
    value = words if active else joined(": ", [words, facts.state_reason])
    otherwise = GateVerdict.PENDING if waits else GateVerdict.FAIL
    return _result(active, value, translatable("active"), otherwise)


def _preflight(facts: GateFacts) -> GateOutcome:
    need = translatable("passed on this release within the last hour")
    gate = _checked(facts.preflight, facts, need)
    if gate.is_met and facts.preflight and facts.now - facts.preflight.at >= FRESH:
        return replace(gate, verdict=GateVerdict.FAIL)
    return gate


def _smoke(facts: GateFacts) -> GateOutcome:
    return _checked(facts.smoke, facts, translatable("passed on this release"))


def _checked(run: CheckResult | None, facts: GateFacts, need: str) -> GateOutcome:
    if run is None:
        return _result(False, translatable("never run"), need, GateVerdict.NO_DATA)
    ago = duration(facts.now - run.at)
    if not run.passed:
        value = translatable("failed {ago} ago", ago=ago)
        if run.failed:
            value = joined(
                ": ", [value, first_of([label(each) for each in run.failed])]
            )
        return _result(False, value, need)
    if run.release != facts.release:
        value = translatable(
            "passed {ago} ago, on release {release}; this is {current}",
            ago=ago,
            release=run.release or label("unknown"),
            current=facts.release,
        )
        return _result(False, value, need)
    return _result(True, translatable("passed {ago} ago", ago=ago), need)


def _dwell(facts: GateFacts) -> GateOutcome:
    need = facts.terms.min_dwell
    missing = need - facts.elapsed
    gate = _result(
        missing <= timedelta(0),
        duration(facts.elapsed),
        duration(need),
        GateVerdict.PENDING,
    )
    return (
        gate if gate.is_met else replace(gate, forecast=approximate_duration(missing))
    )


def watched_hours(facts: GateFacts) -> int:
    """Count the acknowledged hours of this stage run, each once."""
    spans = (at - facts.entered_at for at in facts.acknowledged)
    return len({span // HOUR for span in spans if span >= timedelta(0)})


def _watch(facts: GateFacts) -> GateOutcome:
    need = facts.terms.close_watch // HOUR
    hours = watched_hours(facts)
    gate = _result(
        hours >= need,
        translatable("{hours} of {need} hours acknowledged", hours=hours, need=need),
        translatable("{need} hours of close watch, each acknowledged", need=need),
        GateVerdict.PENDING,
    )
    if gate.is_met:
        return gate
    return replace(gate, forecast=approximate_duration((need - hours) * HOUR))


def _members(facts: GateFacts) -> GateOutcome:
    need = translatable(
        "{least} to {most} members of cohort beta, all staff",
        least=MEMBERS_AT_LEAST,
        most=MEMBERS_AT_MOST,
    )
    members = counted(facts.members, "{number} member", "{number} members")
    if facts.staff is None:
        value = translatable("{members}, it is unknown who is staff", members=members)
        return _result(False, value, need, GateVerdict.NO_DATA)
    met = (
        MEMBERS_AT_LEAST <= facts.members <= MEMBERS_AT_MOST
        and facts.staff == facts.members
    )
    value = translatable(
        "{members}, {staff} of them staff", members=members, staff=facts.staff
    )
    return _result(met, value, need)


def _guardrails(facts: GateFacts) -> GateOutcome:
    need = translatable("no open warning, and figures for each")
    if (
        facts.evaluated_at is None
        or facts.now - facts.evaluated_at > EVALUATOR_SILENT_AFTER
    ):
        value = translatable("the evaluator has not run")
        if facts.evaluated_at is not None:
            value = translatable(
                "the evaluator has not run for {time}",
                time=duration(facts.now - facts.evaluated_at),
            )
        return _result(False, value, need, GateVerdict.NO_DATA)
    if facts.warnings:
        return _result(False, first_of(facts.warnings), need)
    # Before beta there is hardly any traffic.
    if facts.silent and facts.stage.rank >= Stage.BETA.rank:
        value = translatable("no data: {names}", names=first_of(facts.silent))
        return _result(False, value, need, GateVerdict.NO_DATA)
    return _result(True, translatable("no warning"), need)


def _incidents(facts: GateFacts) -> GateOutcome:
    value = first_of(facts.incidents) if facts.incidents else translatable("none open")
    need = translatable("no open incident of severity high or critical")
    return _result(not facts.incidents, value, need)


def _checklist(facts: GateFacts) -> GateOutcome:
    value = translatable("all ticked")
    if facts.unticked:
        value = translatable(
            "{number} not ticked: {lines}",
            number=len(facts.unticked),
            lines=first_of(facts.unticked),
        )
    need = translatable("every required line of this stage ticked")
    return _result(not facts.unticked, value, need)


def _contacts(facts: GateFacts) -> GateOutcome:
    need = translatable("a contact on call, all named and verified within 30 days")
    if not facts.on_call:
        return _result(False, translatable("no contact is on call"), need)
    if facts.unverified:
        return _result(False, first_of(facts.unverified), need)
    return _result(
        True, translatable("{number} on call, verified", number=facts.on_call), need
    )


def _announcement(facts: GateFacts) -> GateOutcome:
    is_for_all = facts.terms.announce_to == "all"
    sent = facts.announced_at
    value = translatable("not sent")
    if sent is not None:
        value = translatable("sent {ago} ago", ago=duration(facts.now - sent))
    need = (
        translatable("an announcement to everyone sent")
        if is_for_all
        else translatable("an announcement to the beta members sent")
    )
    return _result(sent is not None, value, need)


_EVALUATORS: dict[GateName, Callable[[GateFacts], GateOutcome]] = {
    GateName.STATE: _state,
    GateName.PREFLIGHT: _preflight,
    GateName.SMOKE: _smoke,
    GateName.DWELL: _dwell,
    GateName.WATCH: _watch,
    GateName.MEMBERS: _members,
    GateName.VOLUME: gate_figures.volume,
    GateName.SUCCESS: gate_figures.success,
    GateName.LATENCY: gate_figures.latency,
    GateName.COST: gate_figures.cost,
    GateName.PII: gate_figures.leaks,
    GateName.GUARDRAILS: _guardrails,
    GateName.INCIDENTS: _incidents,
    GateName.CHECKLIST: _checklist,
    GateName.CONTACTS: _contacts,
    GateName.ANNOUNCEMENT: _announcement,
}
