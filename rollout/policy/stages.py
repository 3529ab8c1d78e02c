"""The four stages of the guide: audience, duration and gates of each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from easymo.sentences import joined, translatable
from rollout.core.formatting import duration, first_of

DAY = timedelta(days=1)


class Stage(StrEnum):
    INFRASTRUCTURE = "infrastructure"
    SMOKE = "smoke"
    BETA = "beta"
    PRODUCTION = "production"

    @property
    def rank(self) -> int:
        return ORDER.index(self)

    @property
    def following(self) -> Stage | None:
        """Return the stage after this one; None after the last."""
        return ORDER[self.rank + 1] if self.rank + 1 < len(ORDER) else None

    @property
    def preceding(self) -> Stage | None:
        """Return the stage before this one; None before the first."""
        return ORDER[self.rank - 1] if self.rank else None


ORDER = tuple(Stage)


class State(StrEnum):
    """The state of the plan. Only an active stage can be advanced."""

    ACTIVE = "active"
    HELD = "held"
    ROLLED_BACK = "rolled_back"
    RECOVERY = "recovery"
    FROZEN = "frozen"


class GateName(StrEnum):
    STATE = "state"
    PREFLIGHT = "preflight"
    SMOKE = "smoke"
    DWELL = "dwell"
    WATCH = "watch"
    MEMBERS = "members"
    VOLUME = "volume"
    SUCCESS = "success"
    LATENCY = "latency"
    COST = "cost"
    PII = "pii"
    GUARDRAILS = "guardrails"
    INCIDENTS = "incidents"
    CHECKLIST = "checklist"
    CONTACTS = "contacts"
    ANNOUNCEMENT = "announcement"

    @property
    def label(self) -> str:
        return GATE_LABELS[self]


GATE_LABELS = {
    GateName.STATE: "State",
    GateName.PREFLIGHT: "Pre-flight",
    GateName.SMOKE: "Smoke tests",
    GateName.DWELL: "Time in the stage",
    GateName.WATCH: "Close watch",
    GateName.MEMBERS: "Beta members",
    GateName.VOLUME: "Volume",
    GateName.SUCCESS: "Success of tool calls",
    GateName.LATENCY: "Latency (p95)",
    GateName.COST: "Cost per conversation",
    GateName.PII: "Personal data in logs",
    GateName.GUARDRAILS: "Guardrails",
    GateName.INCIDENTS: "Incidents",
    GateName.CHECKLIST: "Checklist",
    GateName.CONTACTS: "Contacts",
    GateName.ANNOUNCEMENT: "Announcement",
}
# A check can be run again, and harm to people cannot be waived.
NEVER_WAIVED = frozenset(
    {
        GateName.STATE,
        GateName.PREFLIGHT,
        GateName.SMOKE,
        GateName.PII,
        GateName.INCIDENTS,
    }
)

# The cohort of the people of the smoke tests, and that of the beta stage.
SMOKE_COHORT = "smoke"
BETA_COHORT = "beta"


@dataclass(frozen=True, slots=True)
class StageTerms:
    """The audience of a stage and the requirements to leave it.

    ``cohorts``: who may be served, None for everyone. ``false_rollbacks``: the accepted
    probability of a false rollback within ``budget_days``. ``warning_acts``: a warning
    causes a rollback. ``probe_below``: probes run while there are fewer tool calls
    an hour; None: always.
    """

    audience: str
    cohorts: frozenset[str] | None
    gates: tuple[GateName, ...]
    false_rollbacks: float
    budget_days: int
    warning_acts: bool
    min_dwell: timedelta = timedelta(0)
    close_watch: timedelta = timedelta(0)
    min_conversations: int = 0
    probe_below: int | None = None
    # The audience of the announcement that leaving the stage requires.
    announce_to: str = ""


ALWAYS = (
    GateName.STATE,
    GateName.PREFLIGHT,
    GateName.INCIDENTS,
    GateName.CHECKLIST,
    GateName.CONTACTS,
)

TERMS = {
    Stage.INFRASTRUCTURE: StageTerms(
        audience=translatable("no one yet"),
        cohorts=frozenset(),
        gates=ALWAYS,
        # Features that are on in this stage serve real customers: be strict.
        false_rollbacks=0.01,
        budget_days=30,
        warning_acts=False,
    ),
    Stage.SMOKE: StageTerms(
        audience=translatable(
            "sandbox people and staff in cohort {cohort}", cohort=SMOKE_COHORT
        ),
        cohorts=frozenset({SMOKE_COHORT}),
        gates=(
            *ALWAYS,
            GateName.SMOKE,
            GateName.DWELL,
            GateName.MEMBERS,
            GateName.PII,
            GateName.GUARDRAILS,
            GateName.ANNOUNCEMENT,
        ),
        false_rollbacks=0.5,
        budget_days=7,
        warning_acts=True,
        min_dwell=DAY,
        announce_to="beta",
    ),
    Stage.BETA: StageTerms(
        audience=translatable("cohort {name}", name=BETA_COHORT),
        cohorts=frozenset({SMOKE_COHORT, BETA_COHORT}),
        gates=(
            *ALWAYS,
            GateName.SMOKE,
            GateName.DWELL,
            GateName.WATCH,
            GateName.VOLUME,
            GateName.SUCCESS,
            GateName.LATENCY,
            GateName.COST,
            GateName.PII,
            GateName.GUARDRAILS,
            GateName.ANNOUNCEMENT,
        ),
        false_rollbacks=0.2,
        budget_days=30,
        warning_acts=True,
        min_dwell=7 * DAY,
        close_watch=2 * DAY,
        min_conversations=100,
        announce_to="all",
    ),
    Stage.PRODUCTION: StageTerms(
        audience=translatable("everyone"),
        cohorts=None,
        gates=(),
        false_rollbacks=0.01,
        budget_days=30,
        warning_acts=False,
        probe_below=300,
    ),
}

# After a quick rollback the plan resumes one stage lower, after a full one at the smoke
# tests, after a partial one in the same stage.
RECOVERY_DWELL = timedelta(hours=2)
RECOVERY_CONVERSATIONS = 30


def terms_of(stage: str) -> StageTerms:
    return TERMS[Stage(stage)]


def stage_after_rollback(stage: str, *, kind: str) -> Stage:
    """Return the stage in which recovery begins."""
    here = Stage(stage)
    if kind == "partial" or here.rank <= Stage.SMOKE.rank:
        return here
    if kind == "full":
        return Stage.SMOKE
    return here.preceding or here


@dataclass(frozen=True, slots=True)
class Audience:
    """The audience of a feature: everyone, a percentage, cohorts. Empty is off."""

    everyone: bool = False
    has_share: bool = False
    cohorts: frozenset[str] = frozenset()

    @property
    def is_off(self) -> bool:
        return not (self.everyone or self.has_share or self.cohorts)

    @property
    def words(self) -> str:
        if self.everyone:
            return translatable("everyone")
        parts: list[str] = (
            [translatable("a percentage of people")] if self.has_share else []
        )
        parts += [
            translatable("cohort {name}", name=name) for name in sorted(self.cohorts)
        ]
        return joined(translatable(" and "), parts) if parts else translatable("no one")


def is_wider_than_stage(audience: Audience, stage: str) -> bool:
    """Tell whether the audience is wider than this stage allows."""
    allowed = terms_of(stage).cohorts
    if allowed is None:
        return False
    return audience.everyone or audience.has_share or bool(audience.cohorts - allowed)


def narrow_audience(audience: Audience, stage: str) -> Audience:
    """Return the part of an audience that this stage serves.

    Of a percentage nothing remains: its people need not be in a cohort.
    """
    allowed = terms_of(stage).cohorts
    if allowed is None:
        return audience
    if audience.everyone:
        return Audience(cohorts=allowed)
    return Audience(cohorts=audience.cohorts & allowed)


@dataclass(frozen=True, slots=True)
class RecoveryProgress:
    elapsed: timedelta
    clean: int
    warnings: tuple[str, ...] = ()
    wanted: int = RECOVERY_CONVERSATIONS

    @property
    def is_over(self) -> bool:
        return (
            self.elapsed >= RECOVERY_DWELL
            and self.clean >= self.wanted
            and not self.warnings
        )

    @property
    def words(self) -> str:
        """Return the progress as text."""
        parts = [
            translatable(
                "Recovery: {time} of {wanted}",
                time=duration(self.elapsed),
                wanted=duration(RECOVERY_DWELL),
            )
        ]
        if self.wanted:
            clean = translatable(
                "{clean} of {wanted} clean conversations",
                clean=self.clean,
                wanted=self.wanted,
            )
            parts.append(clean)
        if self.warnings:
            but = translatable("but {warnings}", warnings=first_of(self.warnings))
            parts.append(but)
        return joined(", ", parts)
