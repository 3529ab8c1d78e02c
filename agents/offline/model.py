"""The offline model: a grammar and fixed texts, with the same tools."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agents.content import answers
from agents.content.document import BUILT_IN, Content
from agents.language import texts
from agents.llm.items import assistant, function_call
from agents.llm.model import ModelReply, ToolRequest
from agents.offline.dialogue import next_step
from agents.offline.follow_up import Draft, load_draft, store_draft
from agents.offline.grammar import Intent
from agents.offline.reading import read as understand
from agents.offline.steps import READING, TOOLS, Answer, Call, Situation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from agents.llm.model import Item, Memory, ModelRequest


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class OfflineModel:
    """Answers one turn of one person.

    `own_text` are the messages of this turn, codes replaced. `restricted` while OpenAI
    fails: then the model only greets, helps, reads and opens a handoff.
    """

    own_text: tuple[str, ...]
    role: str = "customer"
    language: str = "en"
    has_pending: bool = False
    restricted: bool = False
    # What operators wrote.
    content: Content = BUILT_IN
    now: Callable[[], datetime] = field(default=_utc_now)

    @property
    def name(self) -> str:
        return "offline"

    async def respond(self, request: ModelRequest) -> ModelReply:
        now = self.now()
        output = _last_output(request.items)
        if output is not None:
            return self._after_tool(request, output, now=now)
        situation = Situation(
            role=self.role,
            has_pending=self.has_pending,
            restricted=self.restricted,
            topics=answers.askable(self.content),
            tools=frozenset(
                tool.name for tool in request.tools if request.may_call_tools
            ),
        )
        draft = load_draft(request.memory, now=now)
        step = next_step("\n".join(self.own_text), situation=situation, draft=draft)
        memory = store_draft(step.draft, now=now) if step.draft else {}
        if isinstance(step, Call):
            return self._call(step, request.items, memory)
        return self._say(step, memory)

    def _say(self, step: Answer, memory: Memory) -> ModelReply:
        text = texts.render(step.key, self.language, **step.values)
        buttons = tuple(
            (f"say:{key}", texts.render(key, self.language)) for key in step.choices
        )
        return ModelReply(
            items=[assistant(text)],
            text=text,
            model=self.name,
            memory=memory,
            buttons=buttons,
        )

    def _call(self, step: Call, items: Sequence[Item], memory: Memory) -> ModelReply:
        call_id = f"offline_{len(items)}"
        arguments = json.dumps(step.arguments, ensure_ascii=False)
        item = function_call(call_id=call_id, name=step.tool, arguments=arguments)
        return ModelReply(
            items=[item],
            calls=[ToolRequest(call_id, step.tool, arguments)],
            model=self.name,
            memory=memory,
        )

    def _after_tool(
        self, request: ModelRequest, output: dict[str, Any], *, now: datetime
    ) -> ModelReply:
        """Send the text of the tool; store the request when the tool asks for a part."""
        text = output.get("display")
        if not isinstance(text, str) or not text:
            text = texts.render("refused.invalid_request", self.language)
        text = self._with_rule(text, request.items)
        draft = draft_after(output, request.items)
        if draft is None and _name_of_call(request.items) in READING:
            # A question beside an incomplete request leaves it open.
            draft = load_draft(request.memory, now=now)
        memory = store_draft(draft, now=now) if draft else {}
        return ModelReply(
            items=[assistant(text)], text=text, model=self.name, memory=memory
        )

    def _with_rule(self, text: str, items: Sequence[Item]) -> str:
        """Add the operators' rule on validity to the dates of the person's vouchers."""
        rule = answers.own_text(self.content, "validity", self.language)
        if not rule or _name_of_call(items) != "list_vouchers":
            return text
        is_validity = understand("\n".join(self.own_text)).intent is Intent.VALIDITY
        return f"{text}\n\n{rule}" if is_validity else text


# The part that each refusal asks for, so that the next answer completes the request.
_ASKED_BY = {
    "station_needed": "station",
    "station_not_found": "station",
    "which_voucher": "voucher",
    "voucher_needed": "voucher",
    "invalid_number": "number",
    "customer_not_found": "number",
    "invalid_amount": "amount",
    "reason_needed": "reason",
}
_INTENT_OF = {tool: intent for intent, tool in TOOLS.items() if intent != "list"}
_SLOT_OF = {
    "amount": "amount",
    "customer_msisdn": "number",
    "msisdn": "number",
    "voucher": "voucher",
    "station": "station",
    "reason": "reason",
}


def draft_after(output: dict[str, Any], items: Sequence[Item]) -> Draft | None:
    """Return the request that a refused tool call leaves, with the part it asks for."""
    asked = _ASKED_BY.get(str(output.get("code")))
    call = next((i for i in reversed(items) if i.get("type") == "function_call"), None)
    intent = _INTENT_OF.get(str(call.get("name"))) if call else None
    if output.get("success") or not asked or not call or not intent:
        return None
    arguments = _loads(call.get("arguments"))
    slots = {_SLOT_OF[k]: v for k, v in arguments.items() if k in _SLOT_OF}
    slots.pop(asked, None)
    if isinstance(output.get("voucher"), str):
        # The reference, because a code is known only in its turn.
        slots["voucher"] = output["voucher"]
    draft = replace(Draft(intent=intent, asked=asked), **slots)
    lost_code = draft.without_codes() != draft and asked != "voucher"
    return replace(draft, asked="code_and_station") if lost_code else draft


def _name_of_call(items: Sequence[Item]) -> str:
    calls = (i for i in reversed(items) if i.get("type") == "function_call")
    return str(next(calls, {}).get("name"))


def _last_output(items: Sequence[Item]) -> dict[str, Any] | None:
    """Return the output of a tool, if it is the newest item."""
    if not items or items[-1].get("type") != "function_call_output":
        return None
    return _loads(items[-1].get("output"))


def _loads(raw: object) -> dict[str, Any]:
    try:
        value = json.loads(raw) if isinstance(raw, str) else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
