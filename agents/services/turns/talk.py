"""The model and the tools of one turn, stored as they go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.errors import AgentError
from agents.runtime.loop import LoopResult, Progress, run_loop
from agents.runtime.model import Usage
from agents.services.turns import calls
from agents.services.turns.draft import Spent
from easymo.database import units
from easymo.database.passing import is_passing
from easymo.observability import tracing
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.runtime.loop import LoopLimits, MaySpend
    from agents.runtime.model import Item, Model, ModelRequest, ToolRequest
    from agents.services.turns.means import Means
    from agents.services.turns.work import Work

logger = get_logger(__name__)


@dataclass(slots=True)
class Talk:
    """What was said between model and tools so far, earlier attempts included."""

    work: Work
    means: Means
    may_restart: bool
    items: list[Item] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    model_calls: int = 0
    model: str = ""
    # How many of the items are in the turn's row.
    stored: int = 0

    @classmethod
    def resumed(cls, work: Work, means: Means, *, may_restart: bool) -> Talk:
        turn = work.turn
        usage = Usage(turn.input_tokens, turn.cached_input_tokens, turn.output_tokens)
        return cls(
            work=work,
            means=means,
            may_restart=may_restart,
            items=list(turn.items),
            usage=usage,
            model_calls=turn.model_calls,
            model=turn.model,
            stored=len(turn.items),
        )

    @property
    def spent(self) -> Spent:
        return Spent(self.items, self.usage, self.model_calls, self.model)

    def add(self, item: Item) -> None:
        """Put a remark of ours between the model's words."""
        self.items.append(item)

    async def run(
        self,
        model: Model,
        request: ModelRequest,
        limits: LoopLimits,
        *,
        may_spend: MaySpend | None = None,
    ) -> LoopResult:
        self.model = self.model or model.name
        result = await run_loop(
            model=model,
            request=request,
            call_tool=self._call_tool,
            on_items=self._on_items,
            limits=limits,
            clock=self.means.clock,
            progress=Progress(self.items[:], self.usage, self.model_calls),
            may_spend=may_spend,
        )
        if result.usage.total:
            self.model = result.model
        return result

    async def _on_items(self, new: Sequence[Item], usage: Usage) -> None:
        self.items += new
        self.usage += usage
        if any(item.get("type") != "function_call_output" for item in new):
            self.model_calls += 1

    async def _call_tool(self, ordinal: int, request: ToolRequest) -> dict[str, Any]:
        """Make one call. What the model said until now is stored with its row."""
        answer = await units.run(
            calls.start,
            self.work,
            ordinal,
            request,
            spent=self.spent if len(self.items) > self.stored else None,
            may_restart=self.may_restart,
        )
        self.stored = len(self.items)
        if answer is not None:
            return answer
        try:
            with tracing.execute_tool(request.name, call_id=request.call_id):
                return await units.run(calls.perform, self.work, ordinal)
        except AgentError:
            raise
        except Exception as error:
            if is_passing(error):
                # Nothing was committed, or it is in doubt: the row knows, later.
                raise
            logger.exception(
                f"ai.tool.{request.name}.error",
                turn_id=self.work.turn.pk,
                code="failed",
            )
            return await units.run(calls.fail, self.work, ordinal)
