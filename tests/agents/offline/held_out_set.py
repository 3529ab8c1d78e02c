"""The held-out sentences, and what the offline model makes of each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.language.texts import TEXTS
from agents.tools.plain_request import asks_to_issue, asks_to_redeem
from tests.agents.language.spoken import ELSEWHERE
from tests.agents.offline.chat import WRITES, Chat

FOLDER = Path(__file__).parent / "held_out"
KINDS = ("must_act", "must_ask_back", "must_not_act")


@dataclass(frozen=True)
class Sentence:
    says: tuple[str, ...]
    role: str
    # A tool and arguments of its call, or the key of a fixed text.
    call: str | None = None
    arguments: dict[str, Any] | None = None
    answer: str | None = None
    button: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a sentence: texts by their keys."""

    call: str | None
    arguments: dict[str, Any]
    keys: frozenset[str]
    wrote: bool
    waits_for_button: bool

    def __str__(self) -> str:
        if self.call:
            return f"{self.call} {self.arguments}"
        return " or ".join(sorted(self.keys))


def load(language: str, kind: str) -> list[Sentence]:
    lines = (FOLDER / f"{language}_{kind}.jsonl").read_text(encoding="utf-8")
    found = [json.loads(line) for line in lines.splitlines() if line.strip()]
    return [Sentence(**{**entry, "says": tuple(entry["says"])}) for entry in found]


async def outcome_of(sentence: Sentence) -> Outcome:
    chat = Chat(role=sentence.role)
    wrote = False
    for said in sentence.says:
        reply = await chat.says(said)
        wrote = wrote or any(call.name in WRITES for call in reply.calls)
    call = reply.calls[0] if reply.calls else None
    arguments = json.loads(call.arguments_json) if call else {}
    return Outcome(
        call=call.name if call else None,
        arguments=arguments,
        keys=_keys_of(reply.text, sentence.role),
        wrote=wrote,
        waits_for_button=_waits(
            sentence.says[-1], call.name if call else "", arguments
        ),
    )


def is_right(kind: str, sentence: Sentence, outcome: Outcome) -> bool:
    if kind == "must_not_act":
        return not outcome.wrote
    if kind == "must_ask_back":
        wanted = sentence.answer or "ask."
        asks = any(key.startswith((wanted, "refused.mistyped")) for key in outcome.keys)
        return asks and outcome.call is None
    if sentence.answer:
        return any(key.startswith(_ANSWERS[sentence.answer]) for key in outcome.keys)
    told = sentence.arguments or {}
    fits = all(outcome.arguments.get(name) == told[name] for name in told)
    has_button = outcome.waits_for_button or not sentence.button
    return outcome.call == sentence.call and fits and has_button


_ANSWERS = {
    "greet": "greeting.",
    "help": "help.",
    "thanks": ("answer.thanks", "answer.bye"),
    "yes": "answer.nothing_waits",
    "no": "answer.cancelled",
}


def _waits(said: str, call: str, arguments: dict[str, Any]) -> bool:
    """Say whether the tools would ask by a button, as her words are not enough."""
    if call == "create_voucher":
        amount, number = arguments["amount"], arguments["customer_msisdn"]
        return not asks_to_issue([said], amount=amount, msisdn=number)
    return call != "redeem_voucher" or not asks_to_redeem(
        [said], placeholder=1, owner="", station=(), must_name_station=False
    )


def _keys_of(text: str, role: str) -> frozenset[str]:
    return frozenset(
        key
        for key, pattern in _PATTERNS.items()
        if pattern.fullmatch(text)
        and (not key.startswith(("greeting.", "help.")) or key.endswith(role))
    )


_PATTERNS = {
    key: re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(text)))
    for key, text in TEXTS["en"].items()
    if not key.startswith(
        ("lookup.", "list.", "receipt.", "notice.", "status.", *ELSEWHERE)
    )
}
