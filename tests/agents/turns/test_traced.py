from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from easymo.observability import span_export, tracing
from tests.agents.turns.conftest import in_database, turn
from tests.canaries import leaks_in
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    import pytest

    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI


async def test_run_turn__traced__turn_model_and_tool_are_spans_without_text(
    cast: Cast,
    online: TurnDependencies,
    openai: FakeOpenAI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    monkeypatch.setattr(tracing, "_tracer", tracing._tracer)
    kept = InMemorySpanExporter()
    span_export.install(SimpleSpanProcessor(span_export.ScrubbingExporter(kept)))
    number = cast.aline.profile.msisdn
    openai.script(
        say.call("lookup_customer", msisdn=number, voucher=None),
        say.text("It is Aline."),
    )
    await in_database(cast.diane.writes, f"lookup {number}")

    # When
    await turn(cast.diane, online)

    # Then
    spans = {span.name: span for span in kept.get_finished_spans()}
    whole = spans["invoke_agent easymo"]
    assert set(spans) == {
        "invoke_agent easymo",
        "chat gpt-5-mini",
        "execute_tool lookup_customer",
    }
    for name in ("chat gpt-5-mini", "execute_tool lookup_customer"):
        parent = spans[name].parent
        assert parent is not None
        assert parent.span_id == whole.context.span_id
    used = spans["chat gpt-5-mini"].attributes or {}
    assert used["gen_ai.usage.input_tokens"]
    assert (
        leaks_in(" ".join(str(dict(s.attributes or {})) for s in spans.values())) == []
    )
