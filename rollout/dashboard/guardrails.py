"""The guardrail cards: current value, target, confidence interval and evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from easymo.sentences import counted
from rollout.core import clock
from rollout.core.formatting import UNKNOWN, duration, seconds, share, usd
from rollout.dashboard import svg
from rollout.dashboard.charts import total_figures
from rollout.evidence.figures import series
from rollout.guardrails import evaluate
from rollout.models import Evaluation
from rollout.policy.decision_matrix import ALL_HOLD
from rollout.policy.guardrails import CHANNELS
from rollout.policy.statistics import wilson
from rollout.policy.verdicts import EVALUATOR_SILENT_AFTER, Guardrail, Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.utils.safestring import SafeString

    from easymo.backoffice.actions import Words
    from rollout.evidence.figures import Figures, Point

    type Verdicts = Mapping[tuple[str, str], dict[str, Any]]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TITLES = {
    Guardrail.SUCCESS: _("Success"),
    Guardrail.LATENCY: _("Latency (p95)"),
    Guardrail.COST: _("Cost of a conversation"),
    Guardrail.PII: _("Personal data in logs"),
    Guardrail.PROBE: _("Probes"),
    Guardrail.SPEND: _("Spending"),
    Guardrail.VALUE: _("Vouchers against their rules"),
    Guardrail.DATA: _("Figures arrive"),
}
LEVEL_WORDS = {
    Level.OK: _("holds"),
    Level.NO_DATA: _("no data"),
    Level.WARN: _("warning"),
    Level.BREACH: _("broken"),
}
LEVEL_RANK = {level.value: rank for rank, level in enumerate(Level)}
MEASURED = (Guardrail.SUCCESS, Guardrail.LATENCY, Guardrail.COST)
# Guardrails without statistics: the target, and how their value reads.
COUNTED: dict[Guardrail, tuple[Words, Words]] = {
    Guardrail.PII: (_("none"), _("{:.0f} confirmed")),
    Guardrail.PROBE: (_("all pass"), _("{:.0f} failed in a row")),
    Guardrail.SPEND: (_("below the cap"), _("{:.1f} times the cap")),
    Guardrail.VALUE: (_("none"), _("{:.0f} broken")),
    Guardrail.DATA: (_("always"), ""),
}


@dataclass(frozen=True, slots=True)
class GuardrailCard:
    """One guardrail on one channel."""

    guardrail: str
    channel: str
    title: str
    level: str
    level_words: str
    now: str
    target: str
    n: int = 0
    interval: str = ""
    # Progress of the evidence towards a rollback, which fires at 1. None: no statistics.
    evidence: float | None = None
    spark: SafeString = svg.NOTHING


@dataclass(frozen=True, slots=True)
class EvaluatorTick:
    """The last evaluation of the guardrails."""

    at: datetime | None
    is_late: bool
    sentence: str
    because: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class GuardrailCards:
    """All cards with the evaluation that they come from."""

    tick: EvaluatorTick
    cards: tuple[GuardrailCard, ...]

    @property
    def sentence(self) -> str:
        """Summarize the evaluation; a guardrail without data does not count as well."""
        evaluated = self.tick.sentence[:1].upper() + self.tick.sentence[1:]
        if self.tick.is_late or not self.tick.because:
            return evaluated
        unknown = sum(card.level == Level.NO_DATA for card in self.cards)
        if unknown and self.tick.because == ALL_HOLD:
            no_data = gettext("{unknown} of {cards} have no data").format(
                unknown=unknown, cards=len(self.cards)
            )
            return gettext("{evaluated}. No guardrail is broken; {no_data}.").format(
                evaluated=evaluated, no_data=no_data
            )
        return f"{evaluated}. {self.tick.because}"


def guardrail_cards() -> GuardrailCards:
    """Read the last evaluation and the figures of the last day: five queries."""
    last = Evaluation.objects.order_by("-id").first()
    tick = evaluator_tick(last)
    verdicts: dict[tuple[str, str], dict[str, Any]] = {
        (str(each.get("guardrail", "")), str(each.get("channel", ""))): each
        for each in (last.verdicts if last and not tick.is_late else ())
    }
    now = clock.now()
    points = {
        channel: series(now - DAY, now, HOUR, channel=channel) for channel in CHANNELS
    }
    measured = [
        _measured_card(guardrail, channel, verdicts, points[channel])
        for guardrail in MEASURED
        for channel in CHANNELS
    ]
    counted = [_counted_card(guardrail, verdicts) for guardrail in COUNTED]
    return GuardrailCards(tick, (*measured, *counted))


def evaluator_tick(last: Evaluation | None) -> EvaluatorTick:
    """Describe the last evaluation, which is late after three minutes."""
    if last is None:
        sentence = gettext("Nothing was evaluated yet: is a worker running?")
        return EvaluatorTick(None, True, sentence, "", 0)
    age = clock.now() - last.at
    sentence = gettext("evaluated {age} ago").format(age=duration(age))
    if age > EVALUATOR_SILENT_AFTER:
        sentence += gettext(": the evaluator is silent; is a worker running?")
    return EvaluatorTick(
        last.at, age > EVALUATOR_SILENT_AFTER, sentence, last.because, last.duration_ms
    )


def _measured_card(
    guardrail: Guardrail, channel: str, verdicts: Verdicts, points: Sequence[Point]
) -> GuardrailCard:
    verdict = verdicts.get((guardrail.value, channel), {})
    day = total_figures(points)
    now, target, interval = _readings(guardrail, day, channel)
    level = _level(verdict, has_figures=day.conversations > 0)
    return GuardrailCard(
        guardrail=guardrail.value,
        channel=channel,
        title=str(TITLES[guardrail]),
        level=level.value,
        level_words=str(LEVEL_WORDS[level]),
        now=now,
        target=target,
        n=day.conversations,
        interval=interval,
        evidence=round(float(verdict.get("evidence", 0.0)), 3),
        spark=svg.sparkline(
            [_value(guardrail, point.figures) for point in points],
            label=gettext("{titles} on {channel}, the last 24 hours").format(
                titles=TITLES[guardrail], channel=gettext(channel)
            ),
        ),
    )


def _counted_card(guardrail: Guardrail, verdicts: Verdicts) -> GuardrailCard:
    """Return the card of a guardrail without statistics: its most severe verdict."""
    verdict = max(
        (each for (name, _), each in verdicts.items() if name == guardrail.value),
        key=lambda each: LEVEL_RANK.get(str(each.get("level")), 0),
        default={},
    )
    level = _level(verdict, has_figures=bool(verdict))
    target, words = COUNTED[guardrail]
    value = float(verdict.get("value", 0.0))
    now = str(words).format(value) or str(LEVEL_WORDS[level])
    return GuardrailCard(
        guardrail=guardrail.value,
        channel="",
        title=str(TITLES[guardrail]),
        level=level.value,
        level_words=str(LEVEL_WORDS[level]),
        now=UNKNOWN if level == Level.NO_DATA else now,
        target=str(target),
    )


def _level(verdict: Mapping[str, Any], *, has_figures: bool) -> Level:
    """Return the verdict's level; without a verdict or figures there is no data."""
    level = verdict.get("level")
    if level not in LEVEL_RANK or (level == Level.OK and not has_figures):
        return Level.NO_DATA
    return Level(level)


def _readings(guardrail: Guardrail, day: Figures, channel: str) -> tuple[str, str, str]:
    """Return current value, target and confidence interval in words.

    The interval counts conversations: the calls of one conversation fail together.
    """
    if guardrail == Guardrail.SUCCESS:
        calls = counted(day.calls, "{number} call", "{number} calls")
        interval = _interval(day.success, day.conversations, calls)
        return share(day.success), gettext("at least 95 %"), interval
    if guardrail == Guardrail.LATENCY:
        slow = day.slow_3s / day.turns if day.turns else None
        interval = _interval(slow, day.conversations, gettext("slower than 3 s"))
        return seconds(_value(guardrail, day)), gettext("below 3 s"), interval
    words = gettext("{cost} in all").format(cost=usd(day.cost))
    if day.unpriced:
        words += gettext("; the price of {unpriced} is not known").format(
            unpriced=day.unpriced
        )
    expected = evaluate.policy_in_force().expected[channel].cost
    return (
        usd(day.cost_per_conversation),
        gettext("below {expected}").format(expected=usd(expected)),
        words,
    )


def _interval(rate: float | None, n: int, words: str) -> str:
    if rate is None or not n:
        return ""
    low, high = wilson(round(rate * n), n)
    return gettext("{words}: {low} to {high} (95 %)").format(
        words=words, low=share(low, 0), high=share(high, 0)
    )


def _value(guardrail: Guardrail, figures: Figures) -> float | None:
    if guardrail == Guardrail.SUCCESS:
        return figures.success
    if guardrail == Guardrail.LATENCY:
        p95 = figures.latency_p95_ms
        return None if p95 is None else p95 / 1000
    cost = figures.cost_per_conversation
    return None if cost is None else float(cost)
