"""What judging costs: one JSON line per figure.

`python -m tests.bench.judge`; the comparison is the guide's threshold to the letter, a
sliding hour looked at after each conversation, in the same run.
"""

from __future__ import annotations

# Django must be set up before our code is imported.
# ruff: noqa: E402
import json
import os
import sys
import timeit
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from rollout.guardrails import evaluate
from rollout.models import Observation, Plan
from rollout.policy.evaluation import StageDetectors
from rollout.policy.guardrails import (
    ConversationEvidence,
    DetectorLevel,
    Policy,
    detector_for,
)
from rollout.policy.replay import Naive60
from rollout.policy.verdicts import Guardrail
from tests import databases
from tests.rollout.guardrail_cases import enter

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)
STEPS = 20_000
FRESH = 5_000


def told(figure: str, value: float, **others: Any) -> None:
    sys.stdout.write(json.dumps({"figure": figure, "value": value, **others}) + "\n")
    sys.stdout.flush()


def best(function: Any, *, number: int) -> float:
    """Return microseconds for one of `number`, the best of five rounds."""
    return min(timeit.repeat(function, number=1, repeat=5)) / number * 1e6


def steps() -> None:
    """One conversation: one detector, all seven, and a sliding hour."""
    policy, chance = Policy(), Random(1)
    detector = detector_for(
        policy.test(Guardrail.SUCCESS, DetectorLevel.ROLLBACK),
        budget=policy.budget("production"),
        expected=policy.expected["chat"],
    )
    xs = [chance.choice([0.0] * 9 + [0.2]) for _ in range(STEPS)]

    def one() -> None:
        state = detector.start()
        for x in xs:
            state = detector.step(state, x)
            detector.fires(state)

    talks = [
        ConversationEvidence(
            "chat",
            NOON + timedelta(seconds=6 * n),
            calls=5,
            failed=round(5 * x),
            turns=2,
            cost=0.05,
            latencies_ms=(900, 1200),
        )
        for n, x in enumerate(xs[: STEPS // 10])
    ]

    def seven() -> None:
        judge = StageDetectors(policy, "production")
        for talk in talks:
            judge.take(talk, talk.at)

    def naive() -> None:
        looker = Naive60(policy)
        for talk in talks:
            looker.take(talk)
            looker.verdicts(talk.at)

    told("detector step, µs", round(best(one, number=len(xs)), 2), goal=20)
    told(
        "one conversation, all seven detectors, µs",
        round(best(seven, number=len(talks)), 1),
        sliding_hour_us=round(best(naive, number=len(talks)), 1),
    )


def tick() -> None:
    """An evaluation with nothing new, and one with five thousand conversations."""
    enter("production")
    evaluate.run_evaluation()
    began = timeit.default_timer()
    evaluate.run_evaluation()
    idle = timeit.default_timer() - began
    run = Plan.objects.get().run
    Observation.objects.bulk_create(
        Observation(
            source_key=f"chat:bench:{n}",
            conversation_key="k",
            run=run,
            channel="chat",
            calls=5,
            failed=int(n % 9 == 0),
            turns=2,
            latencies_ms=[900, 1200],
            cost="0.05",
            started_at=NOON,
            finished_at=NOON,
        )
        for n in range(FRESH)
    )
    began = timeit.default_timer()
    evaluate.run_evaluation()
    told(
        f"an evaluation that counts {FRESH} conversations, ms",
        round((timeit.default_timer() - began) * 1000),
        idle_ms=round(idle * 1000),
    )


def main() -> None:
    steps()
    databases.start_server()
    template = databases.template()
    with databases.clone(template, label="bench") as name, databases.using(name):
        tick()


if __name__ == "__main__":
    main()
