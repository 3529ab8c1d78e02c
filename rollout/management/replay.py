"""`rollout replay`: what a policy would have done with the stored evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from rollout.core import clock
from rollout.guardrails import evaluate
from rollout.guardrails.evidence import COLUMNS, evidence_of
from rollout.models import Observation, Plan
from rollout.policy.replay import POLICY_NAMES, InvalidPolicy, replay, replay_policy
from rollout.policy.stages import Stage

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from rollout.policy.guardrails import ConversationEvidence
    from rollout.policy.replay import ReplayEvent

WEEK = timedelta(days=7)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="begin", metavar="DATE", help="default: a week ago"
    )
    parser.add_argument("--to", dest="end", metavar="DATE", help="default: now")
    parser.add_argument(
        "--policy",
        action="append",
        metavar="NAME|JSON",
        help=f"{', '.join(POLICY_NAMES)} or changes as JSON; again to compare",
    )
    parser.add_argument("--stage", choices=[str(stage) for stage in Stage])
    parser.add_argument("--json", action="store_true")


def run(options: dict[str, Any]) -> Iterator[str]:
    """Return for each policy the actions that it would have taken, and why."""
    begin = _moment(options["begin"], clock.now() - WEEK)
    end = _moment(options["end"], clock.now())
    if begin >= end:
        raise CommandError("--from must be before --to.")
    stage = options["stage"] or Plan.objects.select_related("run").get().run.stage
    names = options["policy"] or ["default"]
    policy = evaluate.policy_in_force()
    try:
        lookers = [replay_policy(name, base=policy, stage=stage) for name in names]
    except InvalidPolicy as error:
        raise CommandError(str(error)) from error
    count = _stored(begin, end).count()
    found = {
        name: replay(_evidence(begin, end), looker, stage=stage)
        for name, looker in zip(names, lookers, strict=True)
    }
    if options["json"]:
        yield json.dumps(_as_json(count, stage, found))
        return
    yield (
        f"{count} conversations from {_words(begin)} to {_words(end)},"
        f" evaluated as in {stage}."
    )
    for name, events in found.items():
        yield ""
        yield f"{name}: {_summary(events)}"
        for event in events:
            yield (
                f"  {_words(event.at)}  {event.action.name.lower():8}"
                f" {event.severity:8} {event.key:16} {event.sentence}"
            )


def _stored(begin: datetime, end: datetime) -> Any:
    return Observation.objects.filter(
        is_synthetic=False, finished_at__gte=begin, finished_at__lt=end
    )


def _evidence(begin: datetime, end: datetime) -> Iterator[ConversationEvidence]:
    rows = _stored(begin, end).order_by("finished_at", "id")
    for row in rows.values(*COLUMNS, "latencies_ms").iterator():
        yield evidence_of(row)


def _summary(events: list[ReplayEvent]) -> str:
    counts: dict[str, int] = {}
    for event in events:
        name = event.action.name.lower()
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{n} {name}" for name, n in counts.items()) or "nothing"


def _as_json(
    count: int, stage: str, found: dict[str, list[ReplayEvent]]
) -> dict[str, object]:
    return {
        "conversations": count,
        "stage": stage,
        "policies": {
            name: [
                {
                    "at": event.at.isoformat(),
                    "guardrail": event.key,
                    "action": event.action.name.lower(),
                    "severity": event.severity.value,
                    "because": event.sentence,
                }
                for event in events
            ]
            for name, events in found.items()
        },
    }


def _moment(text: str | None, otherwise: datetime) -> datetime:
    if text is None:
        return otherwise
    try:
        moment = parse_datetime(text)
        if moment is None:
            day = parse_date(text)
            moment = datetime(day.year, day.month, day.day) if day else None  # noqa: DTZ001
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError("Write a date as 2026-03-31 or 2026-03-31T08:00.")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def _words(moment: datetime) -> str:
    return timezone.localtime(moment.astimezone(UTC)).strftime("%Y-%m-%d %H:%M")
