"""The metrics of this app, computed from rows, without personal data in labels."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

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
from easymo.observability.tallies import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = (0.5, 1, 2, 3, 5, 10, 20)
_TURN = "FROM agents_turn t JOIN agents_conversation c ON c.id = t.conversation_id"
_ENDED = "WHERE t.id > %s AND t.id <= %s AND t.finished_at IS NOT NULL"
_LATENCY = "extract(epoch FROM t.finished_at - t.input_ended_at)::float8"
_SETTLED = "finished_at < now() - interval '10 minutes'"


def _of_turns(labels: list[str], number: str, condition: str = "TRUE") -> Tally:
    places = ", ".join(str(place) for place in range(1, len(labels) + 1))
    return Tally(
        table="agents_turn",
        settled=_SETTLED,
        query=f"SELECT {', '.join(labels)}, {number} {_TURN} {_ENDED} AND {condition}"
        f" GROUP BY {places}",
    )


# Synthetic conversations (simulator, probes) are counted separately.
_SYNTHETIC = "c.is_synthetic::text"
_BUCKET = f"width_bucket({_LATENCY}, ARRAY{list(SECONDS)}::float8[])::text"
COUNTERS: tuple[tuple[str, str, list[str], Tally], ...] = (
    (
        "agent_turns",
        "Finished turns.",
        ["channel", "synthetic", "status", "outcome", "error_type"],
        _of_turns(
            ["c.channel", _SYNTHETIC, "t.status", "t.outcome", "t.error_code"],
            "count(*)",
        ),
    ),
    (
        "agent_cost_usd",
        "Cost of models, where the price is known.",
        ["channel", "model"],
        _of_turns(["c.channel", "t.model"], "sum(t.cost)::float8", "t.model <> ''"),
    ),
    (
        "agent_price_unknown",
        "Turns whose cost is unknown; it is not zero.",
        ["model"],
        _of_turns(
            ["t.model"],
            "count(*)",
            "t.cost IS NULL AND t.input_tokens + t.output_tokens > 0",
        ),
    ),
    (
        "agent_model_calls",
        "Model calls.",
        ["channel", "model"],
        _of_turns(["c.channel", "t.model"], "sum(t.model_calls)", "t.model <> ''"),
    ),
    (
        "agent_tool_calls",
        "Finished tool calls.",
        ["tool", "channel", "result", "error_type"],
        Tally(
            table="agents_toolcall",
            settled=_SETTLED,
            query="SELECT k.name, c.channel, k.status, k.code, count(*)"
            " FROM agents_toolcall k JOIN agents_turn t ON t.id = k.turn_id"
            " JOIN agents_conversation c ON c.id = t.conversation_id"
            " WHERE k.id > %s AND k.id <= %s AND k.finished_at IS NOT NULL"
            " GROUP BY 1, 2, 3, 4",
        ),
    ),
)
TOKENS = {
    kind: _of_turns(["t.model"], f"sum(t.{kind}_tokens)", "t.model <> ''")
    for kind in ("input", "cached_input", "output")
}
LATENCY_COUNTS = _of_turns(
    ["c.channel", _BUCKET], "count(*)", "t.input_ended_at IS NOT NULL"
)
LATENCY_SUM = _of_turns(
    ["c.channel"], f"sum({_LATENCY})", "t.input_ended_at IS NOT NULL"
)
GAUGES: tuple[tuple[str, str, list[str], str], ...] = (
    (
        "agent_chats",
        "Conversations.",
        ["channel", "synthetic"],
        f"SELECT c.channel, {_SYNTHETIC}, count(*) FROM agents_conversation c"  # noqa: S608 - constants
        " GROUP BY 1, 2",
    ),
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


def _counters() -> Iterator[Metric]:
    for name, sentence, labels, tally in COUNTERS:
        family = CounterMetricFamily(name, sentence, labels=labels)
        for key, number in tally.read().items():
            family.add_metric(key, number)
        yield family


def _tokens() -> Iterator[Metric]:
    family = CounterMetricFamily(
        "agent_tokens",
        "Tokens; input includes cached ones.",
        labels=["model", "type"],
    )
    for kind, tally in TOKENS.items():
        for (model,), number in tally.read().items():
            family.add_metric([model, kind], number)
    yield family


def _latencies() -> Iterator[Metric]:
    family = HistogramMetricFamily(
        "agent_turn_duration_seconds",
        "From the end of the quiet time to the end of the turn.",
        labels=["channel"],
    )
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(SECONDS) + 1))
    for (channel, bucket), number in LATENCY_COUNTS.read().items():
        counts[channel][int(bucket)] += int(number)
    sums: dict[Key, float] = LATENCY_SUM.read()
    for channel, found in sorted(counts.items()):
        histogram(family, [channel], SECONDS, found, sums.get((channel,), 0.0))
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


def _forward_loops() -> Iterator[Metric]:
    ((loops,),) = rows("SELECT coalesce(max(loops), 0) FROM agents_forwardtarget")
    yield CounterMetricFamily(
        "agent_forward_loops",
        "Our own bodies that came back to us.",
        value=float(str(loops)),
    )


for _collect in (_counters, _tokens, _latencies, _ages, _forward_loops):
    register(_collect)
for _definition in GAUGES:
    register(_gauge(*_definition))
