from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agents.llm.items import user
from agents.llm.model import Item, ModelReply, ModelRequest, ToolSpec
from agents.offline.model import OfflineModel

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TOPICS = ["resend_code", "list_stations", "answer_question"]
TOOLS = {
    "customer": [
        "lookup_customer",
        "redeem_voucher",
        "list_vouchers",
        "hand_off",
        *TOPICS,
    ],
    "station": [
        "lookup_customer",
        "redeem_voucher",
        "list_vouchers",
        "hand_off",
        *TOPICS,
    ],
    "staff": [
        "lookup_customer",
        "create_voucher",
        "redeem_voucher",
        "void_voucher",
        "list_vouchers",
        "hand_off",
        *TOPICS,
    ],
    "support": [
        "lookup_customer",
        "void_voucher",
        "list_vouchers",
        "hand_off",
        *TOPICS,
    ],
}
WRITES = {"create_voucher", "redeem_voucher", "void_voucher", "resend_code"}


@dataclass
class Chat:
    """One person who writes to the offline model, turn by turn."""

    role: str = "staff"
    language: str = "en"
    has_pending: bool = False
    restricted: bool = False
    memory: dict[str, Any] = field(default_factory=dict)
    now: datetime = START
    items: list[Item] = field(default_factory=list)

    async def says(
        self, *written: str, told: dict[str, Any] | None = None
    ) -> ModelReply:
        """Run the first step of a turn, or the one after a tool told something."""
        model = OfflineModel(
            own_text=written,
            role=self.role,
            language=self.language,
            has_pending=self.has_pending,
            restricted=self.restricted,
            now=lambda: self.now,
        )
        if told is None:
            self.items = [user(text) for text in written]
        else:
            call = self.items[-1]
            output = json.dumps(told)
            self.items.append(
                {
                    "type": "function_call_output",
                    "call_id": call["call_id"],
                    "output": output,
                }
            )
        tools = [ToolSpec(name, "", {}) for name in TOOLS[self.role]]
        reply = await model.respond(
            ModelRequest("", self.items, tools, memory=self.memory)
        )
        self.items += reply.items
        # As the conversation's row keeps it.
        self.memory = json.loads(json.dumps(reply.memory))
        return reply


def arguments(reply: ModelReply) -> tuple[str, dict[str, Any]]:
    (call,) = reply.calls
    return call.name, json.loads(call.arguments_json)
