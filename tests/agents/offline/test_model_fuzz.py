from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.offline.follow_up import load_draft
from agents.offline.slots import read_slots
from agents.tools.plain_request import asks_to_issue, asks_to_redeem
from tests.agents.offline.chat import START, TOOLS, WRITES, Chat

if TYPE_CHECKING:
    from agents.llm.model import ToolRequest

words = st.sampled_from(
    [
        "create",
        "voucher",
        "issue",
        "10000",
        "5000",
        "10k",
        "0",
        "-1",
        "0788000000",
        "+250788000001",
        "for",
        "to",
        "not",
        "don't",
        "did",
        "?",
        '"',
        "no",
        "yes",
        "if",
        "redeem",
        "void",
        "[code",
        "1]",
        "V7-KQ3M-82",
        "at",
        "Kimironko",
        "because",
        "please",
        "hello",
        "créer",
        "bon",
        "pour",
        "tanga",
        "kuri",
        "tengeneza",
        "vocha",
        "kwa",
        "10.000",
        "١٠",
        "one",
        "ten",
        "thousand",
        "\n",
        ".",
        "and",
        "annuler",
        "koresha",
        "tumia",
        "lookup",
        "agent",
        "help",
        "list",
        "my",
    ]
)


@given(st.text(max_size=200), st.sampled_from(list(TOOLS)))
@example("\x00\ud800", "staff")
async def test_respond__any_text__never_raises(text: str, role: str) -> None:
    reply = await Chat(role=role).says(text)

    assert bool(reply.text) != bool(reply.calls)


@given(st.lists(st.lists(words, max_size=12), min_size=1, max_size=4))
async def test_respond__any_words__write_only_what_stands_there(
    turns: list[list[str]],
) -> None:
    chat = Chat()
    said = ""
    for turn in turns:
        text = " ".join(turn)
        # What was asked back is part of the request that a bare answer completes.
        said = f"{said}\n{text}" if load_draft(chat.memory, now=START) else text
        reply = await chat.says(text)
        for call in reply.calls:
            if call.name in WRITES:
                _assert_stands_in(said, call)


def _assert_stands_in(said: str, call: ToolRequest) -> None:
    asked = json.loads(call.arguments_json)
    lowered = said.lower()
    if call.name == "create_voucher":
        found = [read_slots(line) for line in said.split("\n")] + [read_slots(said)]
        assert asked["amount"] in {a for slots in found for a in slots.amounts}
        assert asked["customer_msisdn"] in {n for s in found for n in s.numbers}
        return
    assert (asked["voucher"] or "").lower() in lowered
    if call.name == "void_voucher":
        words_said = set(re.findall(r"\w+", lowered))
        assert set(re.findall(r"\w+", asked["reason"].lower())) <= words_said


VERBS = {
    "create": frozenset({"create", "issue", "créer", "tanga", "tengeneza"}),
    "redeem": frozenset({"redeem", "koresha", "tumia"}),
}
# Words that stand in plain requests, so that many of the drawn texts are one.
parts = st.sampled_from(
    ["please", "voucher", "5000", "for", "0788000000", "[code 1]", "at", "Kimironko"]
    + [verb for verbs in VERBS.values() for verb in sorted(verbs)]
)
REQUESTS = st.one_of(
    st.lists(words, max_size=10),
    st.lists(parts, max_size=7),
    st.permutations(["create", "voucher", "5000", "for", "0788000000"]),
    st.permutations(["voucher", "5000", "for", "0788000000", "void"]),
    st.permutations(["redeem", "[code 1]", "at", "Kimironko"]),
    st.permutations(["tengeneza", "vocha", "5000", "kwa", "0788000000"]),
)


@given(REQUESTS)
@example(["voucher", "5000", "for", "0788000000"])
@example(["[code 1]", "at", "Kimironko"])
@example(["create", "voucher", "5000", "for", "0788000000"])
@example(["redeem", "[code 1]", "at", "Kimironko"])
def test_plain_request__any_words__acts_only_with_the_verb_of_this_operation(
    said: list[str],
) -> None:
    text = " ".join(said)

    found = {
        "create": asks_to_issue([text], amount=5_000, msisdn="+250788000000"),
        "redeem": asks_to_redeem(
            [text],
            placeholder=1,
            owner="",
            station=("Kimironko",),
            must_name_station=False,
        ),
    }

    for operation, acts in found.items():
        assert not acts or VERBS[operation] & set(said), operation


@pytest.mark.parametrize("operation", VERBS)
def test_plain_request__a_verb_alone_in_other_texts__decides(operation: str) -> None:
    """Each verb acts with its values; the same text without it does not."""
    for verb in VERBS[operation]:
        rest = "voucher 5000 for 0788000000" if operation == "create" else "[code 1]"
        acts = [
            asks_to_issue([text], amount=5_000, msisdn="+250788000000")
            if operation == "create"
            else asks_to_redeem(
                [text], placeholder=1, owner="", station=(), must_name_station=False
            )
            for text in (f"{verb} {rest}", rest)
        ]

        assert acts == [True, False], verb
