"""The metrics of this app, computed from rows, without personal data in labels."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from agents.handoff.answer_times import answer_times
from agents.operations.backlog import oldest_waiting
from easymo.observability.metrics import (
    Collect,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    histogram,
    register,
    rows,
)
from easymo.observability.tallies import Tally, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from easymo.observability.tallies import Key, Numbers

SECONDS = (0.5, 1, 2, 3, 5, 10, 20)
_LATENCY = "extract(epoch FROM t.finished_at - t.input_ended_at)::float8"
# What has not ended within a day never does.
_SETTLED = (
    "coalesce(finished_at, started_at + interval '1 day')"
    " < now() - interval '2 minutes'"
)
# Synthetic conversations (simulator, probes) are counted separately.
_SYNTHETIC = "c.is_synthetic"
CHANNEL, SYNTHETIC, STATUS, OUTCOME, ERROR, MODEL, BUCKET = range(7)
NUMBERS = {
    "turns": "count(*)",
    "cost": "sum(t.cost)",
    "unpriced": "count(*) FILTER"
    " (WHERE t.cost IS NULL AND t.input_tokens + t.output_tokens > 0)",
    "model_calls": "sum(t.model_calls)",
    "input": "sum(t.input_tokens)",
    "cached_input": "sum(t.cached_input_tokens)",
    "output": "sum(t.output_tokens)",
    "seconds": f"sum({_LATENCY})",
}
TURNS = Tally(
    name="turns",
    table="agents_turn",
    settled=_SETTLED,
    source="agents_turn t JOIN agents_conversation c ON c.id = t.conversation_id",
    key="t.id",
    condition="t.finished_at IS NOT NULL",
    labels=(
        *("c.channel", _SYNTHETIC, "t.status", "t.outcome", "t.error_code", "t.model"),
        f"width_bucket({_LATENCY}, ARRAY{list(SECONDS)}::float8[])",
    ),
    numbers=tuple(NUMBERS.values()),
)
TOOL_CALLS = Tally(
    name="tool_calls",
    table="agents_toolcall",
    settled=_SETTLED,
    source="agents_toolcall k JOIN agents_turn t ON t.id = k.turn_id"
    " JOIN agents_conversation c ON c.id = t.conversation_id",
    key="k.id",
    condition="k.finished_at IS NOT NULL",
    labels=("k.name", "c.channel", "k.status", "k.code"),
    numbers=("count(*)",),
)
CONVERSATIONS = Tally(
    name="conversations",
    table="agents_conversation",
    settled="created_at < now() - interval '2 minutes'",
    source="agents_conversation c",
    labels=("c.channel", _SYNTHETIC),
    numbers=("count(*)",),
)
GAUGES: tuple[tuple[str, str, list[str], str], ...] = (
    (
        "agent_webhooks_waiting",
        "Stored webhooks that are not processed yet.",
        [],
        "SELECT count(*) FROM agents_webhookevent WHERE state = 'received'",
    ),
    (
        "agent_messages_waiting",
        "Messages that wait for a turn.",
        [],
        "SELECT count(*) FROM agents_message WHERE state = 'waiting'",
    ),
    (
        "agent_turns_running",
        "Running turns.",
        [],
        "SELECT count(*) FROM agents_turn WHERE status = 'running'",
    ),
    (
        "agent_outbound_messages_open",
        "Outgoing messages that are not sent yet.",
        ["state"],
        "SELECT state, count(*) FROM agents_outboundmessage"
        " WHERE state IN ('queued', 'sending', 'unknown') GROUP BY 1",
    ),
    (
        "agent_outbound_messages_day",
        "Outgoing messages of the last 24 hours by state.",
        ["state"],
        # A message without a text is older: the condition uses the index of texts.
        "SELECT state, count(*) FROM agents_outboundmessage"
        " WHERE created_at > now() - interval '1 day'"
        " AND (NOT body = '' OR NOT extra = '{}'::jsonb) GROUP BY 1",
    ),
    (
        "agent_dead_letters_open",
        "Items of webhooks that could not be processed.",
        [],
        "SELECT count(*) FROM agents_deadletter WHERE resolved_at IS NULL",
    ),
    (
        "agent_hand_offs_open",
        "Open handoffs.",
        ["kind"],
        "SELECT kind, count(*) FROM agents_handoff WHERE closed_at IS NULL GROUP BY 1",
    ),
    (
        "agent_hand_offs_waiting",
        "Conversations that wait for an answer of a colleague.",
        [],
        "SELECT count(*) FROM agents_inboxentry WHERE waiting_since IS NOT NULL",
    ),
    (
        "agent_hand_off_oldest_waiting_seconds",
        "How long the first of them waits.",
        [],
        "SELECT coalesce(extract(epoch FROM now() - min(waiting_since)), 0)::float8"
        " FROM agents_inboxentry",
    ),
    (
        "easymo_queue_jobs",
        "Jobs that wait or run.",
        ["queue", "status"],
        "SELECT queue_name, status::text, count(*) FROM procrastinate_jobs"
        " WHERE status IN ('todo', 'doing') GROUP BY 1, 2",
    ),
    (
        "easymo_queue_oldest_job_seconds",
        "Age of the oldest job that may run now.",
        ["queue"],
        "SELECT j.queue_name, extract(epoch FROM now() -"
        " min(coalesce(j.scheduled_at, e.at)))::float8 FROM procrastinate_jobs j"
        " JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'"
        " WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now()"
        " GROUP BY 1",
    ),
    (
        "agent_forward_waiting",
        "Items that wait for the previous workflow.",
        [],
        "SELECT count(*) FROM agents_forwardeditem WHERE state = 'queued'",
    ),
    (
        "agent_forward_oldest_seconds",
        "Age of the oldest of them.",
        [],
        "SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8"
        " FROM agents_forwardeditem WHERE state = 'queued'",
    ),
    (
        "agent_forward_failing_senders",
        "Senders whose last attempt failed.",
        [],
        "SELECT count(*) FROM agents_forwardlane WHERE attempts > 0",
    ),
    (
        "agent_forward_held",
        "1 while forwarding pauses because all attempts failed.",
        [],
        "SELECT count(*) FROM agents_forwardtarget WHERE held_until > now()",
    ),
    (
        "agent_forward_last_error_timestamp_seconds",
        "Time and code of the last failed attempt; 0: never.",
        ["error"],
        "SELECT coalesce(max(error_code), ''),"
        " coalesce(max(extract(epoch FROM failed_at)), 0)::float8"
        " FROM agents_forwardtarget",
    ),
    (
        "easymo_workers_alive",
        "Workers that reported within 45 seconds.",
        [],
        "SELECT count(*) FROM procrastinate_workers"
        " WHERE last_heartbeat > now() - interval '45 seconds'",
    ),
)


def _turns() -> Iterator[Metric]:
    found = TURNS.read()
    yield _counter(
        "agent_turns",
        "Finished turns.",
        ["channel", "synthetic", "status", "outcome", "error_type"],
        _sums(found, "turns", CHANNEL, SYNTHETIC, STATUS, OUTCOME, ERROR),
    )
    with_model = {key: numbers for key, numbers in found.items() if key[MODEL]}
    yield _counter(
        "agent_cost_usd",
        "Cost of models, where the price is known.",
        ["channel", "model"],
        _sums(with_model, "cost", CHANNEL, MODEL),
    )
    unpriced = _sums(found, "unpriced", MODEL)
    yield _counter(
        "agent_price_unknown",
        "Turns whose cost is unknown; it is not zero.",
        ["model"],
        {key: number for key, number in unpriced.items() if number},
    )
    yield _counter(
        "agent_model_calls",
        "Model calls.",
        ["channel", "model"],
        _sums(with_model, "model_calls", CHANNEL, MODEL),
    )
    yield _counter(
        "agent_tokens",
        "Tokens; input includes cached ones.",
        ["model", "type"],
        {
            (*key, kind): number
            for kind in ("input", "cached_input", "output")
            for key, number in _sums(with_model, kind, MODEL).items()
        },
    )
    yield _latencies(found)


def _latencies(found: Mapping[Key, Numbers]) -> Metric:
    family = HistogramMetricFamily(
        "agent_turn_duration_seconds",
        "From the end of the quiet time to the end of the turn.",
        labels=["channel"],
    )
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(SECONDS) + 1))
    for (channel, bucket), number in _sums(found, "turns", CHANNEL, BUCKET).items():
        # Without a bucket there was nothing to wait for.
        if bucket:
            counts[channel][int(bucket)] += int(number)
    seconds = _sums(found, "seconds", CHANNEL)
    for channel, counted in sorted(counts.items()):
        histogram(family, [channel], SECONDS, counted, seconds[(channel,)])
    return family


def _sums(found: Mapping[Key, Numbers], number: str, *by: int) -> dict[Key, float]:
    return total(found, by=by, number=list(NUMBERS).index(number))


def _counter(
    name: str, sentence: str, labels: list[str], sums: Mapping[Key, float]
) -> Metric:
    family = CounterMetricFamily(name, sentence, labels=labels)
    for key, number in sums.items():
        family.add_metric(key, number)
    return family


def _tool_calls() -> Iterator[Metric]:
    yield _counter(
        "agent_tool_calls",
        "Finished tool calls.",
        ["tool", "channel", "result", "error_type"],
        {key: number for key, (number,) in TOOL_CALLS.read().items()},
    )


def _conversations() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "agent_chats", "Conversations.", labels=["channel", "synthetic"]
    )
    for key, (number,) in CONVERSATIONS.read().items():
        family.add_metric(key, number)
    yield family


def _gauge(name: str, sentence: str, labels: list[str], query: str) -> Collect:
    def collect() -> Iterator[Metric]:
        family = GaugeMetricFamily(name, sentence, labels=labels)
        for *key, number in rows(query):
            family.add_metric([str(label) for label in key], float(str(number or 0)))
        yield family

    collect.__qualname__ = name
    return collect


def _ages() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "agent_oldest_waiting_seconds",
        "Age of the oldest work that waits for a worker.",
        labels=["kind"],
    )
    for kind, age in oldest_waiting().items():
        family.add_metric([kind], age)
    yield family


def _answer_times() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "agent_hand_off_first_answer_seconds",
        "From the request for a colleague to the first answer, in the last 24 hours.",
        labels=["quantile"],
    )
    since = timezone.now() - timedelta(days=1)
    times = answer_times(since=since, with_sandbox=False)
    if times.median_s is not None and times.p95_s is not None:
        family.add_metric(["0.5"], times.median_s)
        family.add_metric(["0.95"], times.p95_s)
    yield family


def _forward_loops() -> Iterator[Metric]:
    ((loops,),) = rows("SELECT coalesce(max(loops), 0) FROM agents_forwardtarget")
    yield CounterMetricFamily(
        "agent_forward_loops",
        "Our own bodies that came back to us.",
        value=float(str(loops)),
    )


for _collect in (
    _turns,
    _tool_calls,
    _conversations,
    _ages,
    _answer_times,
    _forward_loops,
):
    register(_collect)
for _definition in GAUGES:
    register(_gauge(*_definition))
