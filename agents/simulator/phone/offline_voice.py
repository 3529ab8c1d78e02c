"""The offline model on the phone: words in, speech and tool calls of Realtime out.

As for OpenAI's model, all it knows are the session's settings, what was said, and what
tools returned; besides, the role of the caller, and the words that ask for the
operators' topics.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agents.language import speech
from agents.language.detection import clear_language
from agents.language.texts import render
from agents.llm.prompts import LANGUAGES
from agents.offline.dialogue import call_of, next_step
from agents.offline.model import draft_after
from agents.offline.steps import Call, Situation
from agents.simulator.realtime_server.replies import FunctionCall, Reply, calls, says
from agents.tools import confirmation, registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agents.content.document import Topic
    from agents.offline.follow_up import Draft
    from agents.simulator.realtime_server.call import ServedCall

CODE_NEEDED = "phone.code_needed"
# What the model writes in a chat, as it is said on the phone.
SPOKEN = {
    "greeting.customer": "phone.help",
    "help.customer": "phone.help",
    "ask.intent": "phone.ask_intent",
    "answer.nothing_waits": "phone.ask_intent",
    "answer.nothing_done": "phone.ask_intent",
    "answer.off_topic": "phone.ask_intent",
    "ask.intent_with": "phone.ask_intent",
    "ask.start": "phone.ask_intent",
    "ask.stop": "phone.ask_intent",
    "ask.choice": "phone.ask_intent",
    "ask.amount": "phone.ask_amount",
    "ask.amount_for": "phone.ask_amount",
    "ask.amount_plain": "phone.ask_amount",
    "ask.number": "phone.ask_number",
    "ask.number_of": "phone.ask_number",
    "ask.number_plain": "phone.ask_number",
    "ask.code": CODE_NEEDED,
    "ask.code_alone": CODE_NEEDED,
    "ask.code_customer": CODE_NEEDED,
    "ask.code_and_station": CODE_NEEDED,
    "ask.voucher": CODE_NEEDED,
    "refused.mistyped_code": CODE_NEEDED,
    "ask.station_for": "phone.ask_station",
    "ask.station": "phone.ask_station",
    "ask.create": "phone.ask_create",
    "answer.press_button": "phone.press_first",
    "answer.bye": "phone.goodbye",
    **{
        f"{kind}.{role}": "phone.help_team"
        for kind in ("greeting", "help")
        for role in ("staff", "station", "support")
    },
}


class OfflineVoice:
    """The model behind one call; the server asks it for each response."""

    def __init__(self, role: str, topics: tuple[Topic, ...] = ()) -> None:
        self._role = role
        self._topics = topics
        self._words: list[str] = []
        self._draft: Draft | None = None
        # The last tool call and its result, until it is said or answered.
        self._called: FunctionCall | None = None
        self._output: dict[str, Any] = {}
        self._read = 0
        self._is_verified = False

    def hear(self, words: str) -> None:
        self._words.append(words)

    def __call__(self, call: ServedCall, _parameters: dict[str, Any]) -> Reply:
        notes = self._take_in(call)
        self._is_verified |= bool(notes)
        language = _language(call)
        if self._words:
            text = "\n".join(self._words)
            self._words.clear()
            # A model hears the language before the session is told of it.
            return self._answer(text, call, clear_language([text]) or language)
        if notes and self._called and self._code == registry.PIN_NEEDED:
            # The PIN was entered: what the caller asked for is done now.
            return calls(self._called)
        if notes and self._draft:
            # The note names the code that was entered on the keypad.
            return self._answer(notes[-1].rpartition(":")[2], call, language)
        if notes:
            return says(_say("phone.pin_right", language))
        return says(
            str(self._output.get("display") or "") or _say("ask.intent", language)
        )

    @property
    def _code(self) -> str:
        return str(self._output.get("code", ""))

    def _answer(self, text: str, call: ServedCall, language: str) -> Reply:
        offered = (tool["name"] for tool in call.session.get("tools", ()))
        situation = Situation(
            role=self._role,
            tools=frozenset(offered),
            topics=self._topics,
            has_pending=self._code == confirmation.NEEDED,
        )
        step = next_step(text, situation=situation, draft=self._draft)
        self._draft, self._output = step.draft, {}
        if isinstance(step, Call):
            return self._call(step)
        asks_for_code = SPOKEN.get(step.key) == CODE_NEEDED
        if asks_for_code and step.draft and not self._is_verified:
            # On the keypad a code comes after the PIN, which the tool asks for.
            return self._call(call_of(step.draft))
        return says(_say(step.key, language, step.values))

    def _call(self, step: Call) -> Reply:
        arguments = json.dumps(step.arguments, ensure_ascii=False)
        self._called = FunctionCall(step.tool, arguments)
        return calls(self._called)

    def _take_in(self, call: ServedCall) -> list[str]:
        """Read what the agent sent since the last response; return its notes."""
        new, self._read = call.received[self._read :], len(call.received)
        notes = []
        for event in new:
            item = event.get("item") or {}
            if item.get("type") == "function_call_output":
                self._returned(item["output"])
            elif item.get("role") == "system":
                text = "".join(str(part.get("text", "")) for part in item["content"])
                # The result of a change that a key confirmed; it was said already.
                if text.startswith("{"):
                    self._output = json.loads(text)
                else:
                    notes.append(text)
        return notes

    def _returned(self, output: str) -> None:
        self._output = json.loads(output)
        self._is_verified |= self._code != registry.PIN_NEEDED
        if self._called is not None:
            made = {
                "type": "function_call",
                "name": self._called.name,
                "arguments": self._called.arguments,
            }
            self._draft = draft_after(self._output, [made])


NO_VALUES: Mapping[str, str] = {}


def _say(key: str, language: str, values: Mapping[str, str] = NO_VALUES) -> str:
    if key in SPOKEN:
        return speech.spoken(render(SPOKEN[key], language), language)
    return speech.spoken(render(key, language, **values), language)


def _language(call: ServedCall) -> str:
    """Return the language that the instructions name at their end."""
    last = str(call.session.get("instructions", "")).strip().rpartition("\n")[2]
    return next((code for code, name in LANGUAGES.items() if name in last), "en")
