"""An evaluator that hangs in the middle: `python -m tests.rollout.dying_evaluator`.

It has counted the evidence, decided and turned everything off when it says so; then it
waits to be killed, with its transaction open.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import django


def main() -> None:
    django.setup()
    from rollout.core import clock
    from rollout.guardrails import evaluate, evidence
    from tests.rollout.guardrail_cases import NOON, FakeClock

    mark = evidence.mark_scored

    def hang(*args: Any) -> None:
        mark(*args)
        sys.stdout.write("in the middle\n")
        sys.stdout.flush()
        time.sleep(60)

    evidence.mark_scored = hang  # type: ignore[assignment]
    with clock.use(FakeClock(NOON)):
        evaluate.run_evaluation()


if __name__ == "__main__":
    main()
