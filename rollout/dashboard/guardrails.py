"""The guardrails as cards: now, target, how sure, and how far the evidence has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rollout.core import clock
from rollout.core.display_formatting import NOTHING, count, seconds, share, span, usd
from rollout.dashboard import svg
from rollout.dashboard.charts import merged
from rollout.evidence.figures import Figures, series
from rollout.guardrails import expectations
from rollout.models import Evaluation
from rollout.policy.decision_matrix import ALL_HOLD
from rollout.policy.guardrails import CHANNELS
from rollout.policy.statistics import wilson
from rollout.policy.verdicts import SILENCE, Guardrail, Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.utils.safestring import SafeString

    from rollout.evidence.figures import Point

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TITLES = {
    Guardrail.SUCCESS: "Success",
    Guardrail.LATENCY: "Latency (p95)",
    Guardrail.COST: "Cost of a conversation",
    Guardrail.PII: "Personal data in logs",
    Guardrail.PROBE: "Probes",
    Guardrail.SPEND: "Spending",
    Guardrail.VALUE: "Vouchers against their rules",
    Guardrail.DATA: "Figures arrive",
}
WORDS = {
    Level.OK: "holds",
    Level.NO_DATA: "no data",
    Level.WARN: "warning",
    Level.BREACH: "broken",
}
SURE = {
    Guardrail.PII: ("none", "{:.0f} confirmed"),
    Guardrail.PROBE: ("all pass", "{:.0f} failed in a row"),
    Guardrail.SPEND: ("below the cap", "{:.1f} times the cap"),
    Guardrail.VALUE: ("none", "{:.0f} broken"),
    Guardrail.DATA: ("always", ""),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One guardrail on one channel."""

    guardrail: str
    channel: str
    title: str
    level: str
    level_words: str
    now: str
    target: str
    n: int
    interval: str
    # How far the evidence has come towards a rollback: 1 fires. None: no statistics.
    evidence: float | None
    spark: SafeString


@dataclass(frozen=True, slots=True)
class Tick:
    """The evaluator's last look."""

    at: datetime | None
    is_late: bool
    sentence: str
    because: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Guards:
    """All cards, and whether anybody has looked lately."""

    tick: Tick
    cards: tuple[Card, ...]

    @property
    def sentence(self) -> str:
        """Say who looked when, and what she saw; silence is never called health."""
        looked = self.tick.sentence[:1].upper() + self.tick.sentence[1:]
        if self.tick.is_late or not self.tick.because:
            return looked
        unknown = sum(card.level == Level.NO_DATA for card in self.cards)
        if unknown and self.tick.because == ALL_HOLD:
            silent = f"{unknown} of {len(self.cards)} have no data"
            return f"{looked}. Nothing gives way; {silent}."
        return f"{looked}. {self.tick.because}"


def guards() -> Guards:
    """Read the last judgement and the last day's figures: five queries."""
    last = Evaluation.objects.order_by("-id").first()
    looked = tick(last)
    verdicts = _verdicts(last) if not looked.is_late else {}
    now = clock.now()
    cards: list[Card] = []
    for channel in CHANNELS:
        points = series(now - DAY, now, HOUR, channel=channel)
        whole = merged(points)
        for guardrail in (Guardrail.SUCCESS, Guardrail.LATENCY, Guardrail.COST):
            verdict = verdicts.get((guardrail.value, channel), {})
            cards.append(_measured(guardrail, channel, verdict, points, whole))
    cards.sort(key=lambda card: list(Guardrail).index(Guardrail(card.guardrail)))
    cards += [_plain(guardrail, verdicts) for guardrail in SURE]
    return Guards(looked, tuple(cards))


def tick(last: Evaluation | None) -> Tick:
    """Say when somebody looked last; older than three minutes is as good as never."""
    if last is None:
        return Tick(None, True, "Nobody has judged yet: is a worker running?", "", 0)
    age = clock.now() - last.at
    sentence = f"judged {span(age)} ago"
    if age > SILENCE:
        sentence += ": nobody watches; is a worker running?"
    return Tick(last.at, age > SILENCE, sentence, last.because, last.duration_ms)


def _verdicts(last: Evaluation | None) -> dict[tuple[str, str], dict[str, Any]]:
    if last is None:
        return {}
    return {
        (str(each.get("guardrail", "")), str(each.get("channel", ""))): each
        for each in last.verdicts
    }


def _measured(
    guardrail: Guardrail,
    channel: str,
    verdict: dict[str, Any],
    points: Sequence[Point],
    whole: Figures,
) -> Card:
    now, target, interval = READ[guardrail](whole, channel)
    level = _level(verdict, has_figures=whole.conversations > 0)
    values = [VALUE[guardrail](point.figures) for point in points]
    return Card(
        guardrail=guardrail.value,
        channel=channel,
        title=TITLES[guardrail],
        level=level.value,
        level_words=WORDS[level],
        now=now,
        target=target,
        n=whole.conversations,
        interval=interval,
        evidence=round(float(verdict.get("evidence", 0.0)), 3),
        spark=svg.sparkline(
            values, label=f"{TITLES[guardrail]} on {channel}, the last 24 hours"
        ),
    )


def _plain(guardrail: Guardrail, found: dict[tuple[str, str], dict[str, Any]]) -> Card:
    """Return the card of one that needs no statistics: the gravest of its verdicts."""
    rows = [each for (name, _), each in found.items() if name == guardrail.value]
    gravest = max(
        rows, key=lambda each: RANK.get(str(each.get("level")), 0), default={}
    )
    level = _level(gravest, has_figures=bool(gravest))
    target, words = SURE[guardrail]
    value = float(gravest.get("value", 0.0))
    now = NOTHING if level == Level.NO_DATA else words.format(value) or WORDS[level]
    return Card(
        guardrail=guardrail.value,
        channel="",
        title=TITLES[guardrail],
        level=level.value,
        level_words=WORDS[level],
        now=now,
        target=target,
        n=0,
        interval="",
        evidence=None,
        spark=svg.NOTHING,
    )


RANK = {level.value: rank for rank, level in enumerate(Level)}


def _level(verdict: dict[str, Any], *, has_figures: bool) -> Level:
    """Nothing is green that nobody judged, or that has no figures behind it."""
    try:
        level = Level(str(verdict.get("level")))
    except ValueError:
        return Level.NO_DATA
    return Level.NO_DATA if level == Level.OK and not has_figures else level


def _success(whole: Figures, channel: str) -> tuple[str, str, str]:
    # Calls of one conversation fail together: as sure as so many conversations make.
    n = whole.conversations if whole.calls else 0
    return (
        share(whole.success),
        "at least 95 %",
        _between(whole.success, n, f"{count(whole.calls, 'call')}"),
    )


def _latency(whole: Figures, channel: str) -> tuple[str, str, str]:
    p95 = whole.latency_p95_ms
    slow = whole.slow_3s / whole.turns if whole.turns else None
    n = whole.conversations if whole.turns else 0
    return (
        seconds(None if p95 is None else p95 / 1000),
        "below 3 s",
        _between(slow, n, "slower than 3 s"),
    )


def _cost(whole: Figures, channel: str) -> tuple[str, str, str]:
    expected = expectations.policy().expected[channel].cost
    unknown = whole.unpriced
    words = f"{usd(whole.cost)} in all"
    if unknown:
        words += f"; the price of {unknown} is not known"
    return usd(whole.cost_per_conversation), f"below {usd(expected)}", words


def _between(rate: float | None, n: int, words: str) -> str:
    if rate is None or not n:
        return ""
    low, high = wilson(round(rate * n), n)
    return f"{words}: {share(low, 0)} to {share(high, 0)} (95 %)"


def _p95(each: Figures) -> float | None:
    return each.latency_p95_ms


def _each(each: Figures) -> float | None:
    cost = each.cost_per_conversation
    return None if cost is None else float(cost)


READ = {
    Guardrail.SUCCESS: _success,
    Guardrail.LATENCY: _latency,
    Guardrail.COST: _cost,
}
VALUE = {
    Guardrail.SUCCESS: lambda each: each.success,
    Guardrail.LATENCY: _p95,
    Guardrail.COST: _each,
}
