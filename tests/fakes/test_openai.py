"""The fake refuses what the real API refuses; else it would prove nothing."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.fakes import openai_answers as say
from tests.fakes.openai import FakeOpenAI

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOL = {
    "type": "function",
    "name": "lookup_customer",
    "description": "Look a customer up.",
    "parameters": {
        "type": "object",
        "properties": {"msisdn": {"type": "string"}},
        "required": ["msisdn"],
        "additionalProperties": False,
    },
    "strict": True,
}
BODY: dict[str, Any] = {
    "model": "gpt-5-mini",
    "instructions": "Help.",
    "input": [{"role": "user", "content": "hello"}],
    "tools": [TOOL],
    "store": False,
}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "{}"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


@pytest.fixture
def openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


def post(
    openai: FakeOpenAI, body: Any, *, path: str = "/responses", key: str | None = None
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {openai.api_key if key is None else key}"}
    if key == "":
        headers = {}
    return httpx2.post(openai.base_url + path, json=body, headers=headers)


def tool(**changes: Any) -> dict[str, Any]:
    return {"tools": [copy.deepcopy(TOOL) | changes]}


def schema(**changes: Any) -> dict[str, Any]:
    return tool(parameters=TOOL["parameters"] | changes)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temprature": 1}, "Unknown parameter: 'temprature'."),
        ({"model": "gpt-99"}, "does not exist"),
        ({"store": "no"}, "Invalid type for 'store'"),
        ({"input": []}, "must be provided"),
        ({"input": ["hi"]}, "Invalid type for 'input[0]'"),
        ({"input": [{"role": "bot", "content": "x"}]}, "Invalid value: 'bot'"),
        (
            {"input": [{"role": "user"}]},
            "Missing required parameter: 'input[0].content'",
        ),
        ({"input": [{"role": "user", "content": "x", "name": "A"}]}, "input[0].name"),
        (
            {"input": [{"role": "user", "content": [{"type": "output_text"}]}]},
            "Invalid value: 'output_text'",
        ),
        (
            {"input": [{"role": "assistant", "content": [{"type": "input_text"}]}]},
            "Invalid value: 'input_text'",
        ),
        ({"input": [CALL]}, "No tool output found for function call c1."),
        ({"input": [OUTPUT]}, "No tool call found for function call output"),
        ({"input": [OUTPUT, CALL]}, "No tool call found"),
        ({"input": [CALL, OUTPUT, OUTPUT]}, "No tool call found"),
        ({"input": [CALL, CALL, OUTPUT]}, "Duplicate call_id"),
        (
            {"input": [CALL, OUTPUT | {"output": {"a": 1}}]},
            "Invalid type for 'input[1]",
        ),
        ({"input": [CALL | {"arguments": {}}, OUTPUT]}, "Invalid type for 'input[0]"),
        ({"input": [CALL | {"call_id": "c" * 65}, OUTPUT]}, "string too long"),
        ({"input": [THOUGHT]}, "Items are not persisted"),
        ({"input": [THOUGHT | {"encrypted_content": "x"}]}, "could not be verified"),
        ({"previous_response_id": "resp_1"}, "Previous response with id 'resp_1'"),
        ({"max_output_tokens": 5}, "Expected a value >= 16"),
        ({"safety_identifier": "x" * 65}, "string too long"),
        ({"temperature": 0.5}, "not supported with this model"),
        ({"model": "gpt-4.1-mini", "reasoning": {"effort": "low"}}, "not supported"),
        (
            {"model": "gpt-4.1-mini", "include": ["reasoning.encrypted_content"]},
            "Encrypted content is not supported",
        ),
        (tool(name="look up"), "string does not match pattern"),
        (tool(names="x"), "Unknown parameter: 'tools[0].names'"),
        ({"tools": [TOOL, TOOL]}, "Duplicate tool name"),
        (schema(additionalProperties=True), "'additionalProperties' is required"),
        (schema(required=[]), "Missing 'msisdn'"),
        (schema(type="array"), "must be of type 'object'"),
        (schema(minProperties=1), "'minProperties' is not permitted"),
    ],
)
def test_post__what_the_real_one_refuses__is_refused_and_takes_no_answer(
    openai: FakeOpenAI, change: dict[str, Any], words: str
) -> None:
    # Given
    openai.script(say.text("Hello."))

    # When
    response = post(openai, BODY | change)

    # Then
    assert response.status_code == 400
    assert words in response.json()["error"]["message"]
    assert response.json()["error"].keys() == {"message", "type", "param", "code"}
    assert openai.requests == []
    assert post(openai, BODY).status_code == 200
    with pytest.raises(AssertionError, match="refused"):
        openai.assert_complete()


@pytest.mark.parametrize(("key", "code"), [("", None), ("sk-other", "invalid_api_key")])
def test_post__without_the_key__is_unauthorized(
    openai: FakeOpenAI, key: str, code: str | None
) -> None:
    response = post(openai, BODY, key=key)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == code


def test_post__another_path__is_not_found(openai: FakeOpenAI) -> None:
    assert post(openai, BODY, path="/chat/completions").status_code == 404


def test_post__right_request__gets_a_whole_response(openai: FakeOpenAI) -> None:
    # Given
    openai.script(say.call("lookup_customer", msisdn="+250788000000"))

    # When
    answer = post(openai, BODY).json()

    # Then
    assert answer["object"] == "response"
    assert answer["status"] == "completed"
    assert [item["type"] for item in answer["output"]] == ["reasoning", "function_call"]
    assert answer["usage"]["input_tokens"] > 0
    openai.assert_complete()


def test_post__thoughts_handed_back__are_known_again(openai: FakeOpenAI) -> None:
    # Given
    openai.script(say.text("Hello."), say.text("Again."))
    output = post(openai, BODY).json()["output"]
    for item in output:
        for part in item.get("content", ()):
            part.pop("logprobs")

    # When
    kept = [*BODY["input"], *output, {"role": "user", "content": "and?"}]
    response = post(openai, BODY | {"input": kept})
    alone = post(openai, BODY | {"input": [*BODY["input"], output[0]]})

    # Then
    assert response.status_code == 200
    assert "without its required following item" in alone.text


def test_post__store_left_out__is_kept_as_by_the_real_one(openai: FakeOpenAI) -> None:
    # Given
    openai.script(say.text("One."), say.text("Two."))
    stored = {name: value for name, value in BODY.items() if name != "store"}

    # When
    first = post(openai, stored).json()["id"]
    second = post(openai, BODY | {"previous_response_id": first})

    # Then
    assert openai.stored == {first}
    assert second.status_code == 200


def test_assert_complete__answer_left_over__fails(openai: FakeOpenAI) -> None:
    openai.script(say.text("Hello."))
    with pytest.raises(AssertionError, match="were not asked"):
        openai.assert_complete()


def test_assert_complete__asked_more_than_scripted__fails(openai: FakeOpenAI) -> None:
    assert post(openai, BODY).status_code == 500
    with pytest.raises(AssertionError, match="had no answer"):
        openai.assert_complete()
