"""Read the facts of the gates: sums and newest rows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Max

from easymo import release
from easymo.sentences import Sentence, english, label, shortened, translatable
from rollout.announcements import announcements
from rollout.checklists import checklists
from rollout.core import clock
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.evidence import leaks
from rollout.evidence.verdicts import latest_verdicts
from rollout.flags.exposure import is_on_for_anyone
from rollout.flags.selectors import latest_check
from rollout.models import (
    CheckRun,
    CohortMember,
    GateResult,
    HourRollup,
    Incident,
    MetricRollup,
    Observation,
    Waiver,
)
from rollout.notices import contacts
from rollout.policy import statistics
from rollout.policy.gate_figures import (
    ChannelCosts,
    CheckResult,
    GateFacts,
    StageFigures,
)
from rollout.policy.stages import BETA_COHORT, GateName, Stage, State, terms_of
from rollout.policy.verdicts import Guardrail, Level, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rollout.checklists.checklists import ChecklistLine
    from rollout.models import Plan, StageRun
    from rollout.policy.gates import Gate

CHANNELS = {"chat": Feature.CHAT, "voice": Feature.VOICE}
SERIOUS = (Incident.Severity.HIGH, Incident.Severity.CRITICAL)
BAD = {Level.WARN, Level.BREACH}
ENOUGH_CLEAN = 1000


def collect_facts(
    plan: Plan, lines: Sequence[ChecklistLine] | None = None
) -> GateFacts:
    """Read the facts of this stage run, with a fixed number of queries."""
    run, now = plan.run, clock.now()
    if lines is None:
        lines = checklists.checklist_lines(run, now)
    members = list(
        CohortMember.objects.filter(cohort__name=BETA_COHORT)
        # The default order would read the members of all cohorts.
        .order_by()
        .values_list("subject", flat=True)
    )
    evaluated_at, verdicts = _latest_verdicts()
    called = contacts.on_call(now)
    return GateFacts(
        stage=Stage(run.stage),
        state=State(plan.state),
        state_reason=plan.state_reason,
        entered_at=run.entered_at,
        now=now,
        release=release.current(),
        preflight=_newest(CheckRun.Kind.PREFLIGHT),
        smoke=_newest(CheckRun.Kind.SMOKE),
        members=len(members),
        staff=_staff(members),
        acknowledged=checklists.acknowledged(run),
        figures=stage_figures(run),
        cost_limits=cost_limits(),
        leaks=leaks.confirmed_since(run.entered_at),
        scanned=leaks.lines_scanned_since(run.entered_at),
        evaluated_at=evaluated_at,
        warnings=_verdict_names(verdicts, BAD),
        silent=_verdict_names(verdicts, {Level.NO_DATA}),
        incidents=_incidents(),
        unticked=tuple(
            shortened(label(line.item.text), 80) for line in checklists.unmet(lines)
        ),
        on_call=len(called),
        unverified=tuple(map(_as_clause, contacts.problems_of(called, now))),
        announced_at=_announced(Stage(run.stage)),
        waived=_waived(run, now),
    )


def _as_clause(said: str) -> Sentence:
    return Sentence(english(said).rstrip("."), lambda: str(said).rstrip("."))


def store_results(run: StageRun, gates: Sequence[Gate]) -> None:
    """Store the gate results of an attempt to advance."""
    at = clock.now()
    GateResult.objects.bulk_create(
        GateResult(
            run=run,
            gate=gate.name,
            verdict=gate.verdict,
            value=english(gate.value)[:200],
            need=english(gate.need)[:200],
            forecast=english(gate.forecast)[:200],
            at=at,
        )
        for gate in gates
    )


def clean_conversations(plan: Plan) -> int:
    """Count the real conversations without a failure since the change of state."""
    clean = Observation.objects.filter(
        run=plan.run,
        is_synthetic=False,
        failed=0,
        outcome=Observation.Outcome.DONE,
        finished_at__gte=plan.state_since,
    )
    return clean[:ENOUGH_CLEAN].count()


def open_warnings(plan: Plan) -> tuple[str, ...]:
    """Return the warnings and incidents that prolong a recovery."""
    _evaluated_at, verdicts = _latest_verdicts()
    return _verdict_names(verdicts, BAD) + _incidents()


def _newest(kind: CheckRun.Kind) -> CheckResult | None:
    run = latest_check(kind)
    if run is None:
        return None
    failed = [one["title"] for one in run.results if one.get("status") == "failed"]
    return CheckResult(run.passed, run.release, run.finished_at, tuple(failed))


def _staff(members: Sequence[str]) -> int | None:
    """Return the number of staff among them; None when it is unknown."""
    if ports.is_staff is None:
        return None
    found = ports.is_staff(members)
    return sum(found.get(member, False) for member in members)


def _latest_verdicts() -> tuple[datetime | None, list[Verdict]]:
    """Return the time of the last evaluation, and its verdicts on features that are on."""
    newest = latest_verdicts()
    return newest.at, [each for each in newest.verdicts if _is_served(each)]


def _is_served(verdict: Verdict) -> bool:
    feature = CHANNELS.get(verdict.channel)
    return feature is None or is_on_for_anyone(feature)


def _verdict_names(verdicts: Sequence[Verdict], levels: set[Level]) -> tuple[str, ...]:
    return tuple(
        translatable(
            "{guardrail} on {channel}",
            guardrail=label(str(verdict.guardrail)),
            channel=label(verdict.channel),
        )
        if verdict.channel
        else label(str(verdict.guardrail))
        for verdict in verdicts
        # Probes and value checks that do not run do not block promotion.
        if verdict.level in levels
        and not (
            verdict.level == Level.NO_DATA
            and verdict.guardrail in {Guardrail.PROBE, Guardrail.VALUE}
        )
    )


def _incidents() -> tuple[str, ...]:
    found = Incident.objects.filter(
        status=Incident.Status.OPEN, severity__in=SERIOUS
    ).order_by("-id")
    return tuple(f"#{incident.pk} {incident.title[:60]}" for incident in found)


def _announced(stage: Stage) -> datetime | None:
    to = terms_of(stage).announce_to
    if not to:
        return None
    sent = announcements.reached_announcements().filter(audience=to)
    newest: datetime | None = sent.aggregate(newest=Max("sent_at"))["newest"]
    return newest


def _waived(run: StageRun, now: datetime) -> frozenset[GateName]:
    waivers = Waiver.objects.filter(
        run=run, expires_at__gt=now, approved_at__isnull=False
    )
    known = {name.value for name in GateName}
    return frozenset(
        GateName(gate)
        for gate in waivers.values_list("gate", flat=True)
        if gate in known
    )


HOUR = timedelta(hours=1)
NUMBERS = (
    "conversations",
    "failed_conversations",
    "calls",
    "failed",
    "turns",
    "slow_3s",
)
COLUMNS = ("channel", *NUMBERS, "cost", "priced", "latency_counts")


def stage_figures(run: StageRun) -> StageFigures:
    """Sum the real conversations of this stage run, in two queries.

    Hours are summed, and the minutes of the first, incomplete hour.
    """
    since = run.entered_at.replace(second=0, microsecond=0)
    whole = since.replace(minute=0)
    if whole < since:
        whole += HOUR
    first = MetricRollup.objects.filter(minute__gte=since, minute__lt=whole)
    hours = HourRollup.objects.filter(hour__gte=whole)
    totals: Counter[str] = Counter()
    latencies: Counter[str] = Counter()
    costs: dict[str, ChannelCosts] = {}
    for row in chain(first.values(*COLUMNS), hours.values(*COLUMNS)):
        totals.update({name: row[name] for name in NUMBERS})
        latencies.update(row["latency_counts"])
        known = costs.get(row["channel"], ChannelCosts())
        costs[row["channel"]] = ChannelCosts(
            known.conversations + row["conversations"],
            known.priced + row["priced"],
            known.usd + row["cost"],
        )
    p95 = statistics.histogram_percentile(latencies, 0.95)
    return StageFigures(
        conversations=totals["conversations"],
        broken=totals["failed_conversations"],
        calls=totals["calls"],
        failed=totals["failed"],
        turns=totals["turns"],
        slow=totals["slow_3s"],
        p95_s=None if p95 is None else p95 / 1000,
        costs=costs,
    )


def cost_limits() -> Mapping[str, Decimal]:
    """Return the expected cost of a conversation for each channel."""
    return {
        "chat": Decimal(str(settings.EXPECTED_COST_CHAT_USD)),
        "voice": Decimal(str(settings.EXPECTED_COST_CALL_USD)),
    }
