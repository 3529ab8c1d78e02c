"""The fake refuses the recordings that the real endpoint refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.fakes.openai import FakeOpenAI
from tests.fakes.openai_transcriptions import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

OGG = b"OggS" + b"\0" * 60
MODEL = {"model": "gpt-4o-mini-transcribe"}


@pytest.fixture
def openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


def post(openai: FakeOpenAI, **given: Any) -> httpx2.Response:
    headers = given.pop("headers", {"Authorization": f"Bearer {openai.api_key}"})
    return httpx2.post(
        f"{openai.base_url}/audio/transcriptions", headers=headers, **given
    )


def test_transcription__right_request__heard(openai: FakeOpenAI) -> None:
    # Given
    openai.speak("good morning")

    # When
    answer = post(
        openai,
        data=MODEL | {"include[]": "logprobs", "response_format": "json"},
        files={"file": ("voice.ogg", OGG)},
    )

    # Then
    assert answer.json()["text"] == "good morning"
    assert len(answer.json()["logprobs"]) == 2
    assert answer.json()["usage"]["type"] == "tokens"
    [heard] = openai.heard
    assert (heard.filename, heard.content) == ("voice.ogg", OGG)
    openai.assert_complete()


@pytest.mark.parametrize(
    ("fields", "file", "status", "said"),
    [
        (MODEL, None, 400, "Field required"),
        ({}, ("voice.ogg", OGG), 400, "you must provide a model parameter"),
        ({"model": "gpt-5-mini"}, ("voice.ogg", OGG), 400, "does not exist"),
        (MODEL | {"speaker": "x"}, ("voice.ogg", OGG), 400, "Unknown parameter"),
        (
            MODEL | {"response_format": "yaml"},
            ("voice.ogg", OGG),
            400,
            "Invalid value: 'yaml'",
        ),
        (
            MODEL | {"response_format": "verbose_json"},
            ("voice.ogg", OGG),
            400,
            "is not compatible with model",
        ),
        (
            MODEL | {"include[]": "logprobs", "response_format": "text"},
            ("voice.ogg", OGG),
            400,
            "logprobs needs",
        ),
        (
            {"model": "gpt-transcribe", "include[]": "logprobs"},
            ("voice.ogg", OGG),
            400,
            "logprobs needs",
        ),
        (MODEL | {"keywords[]": "x"}, ("voice.ogg", OGG), 400, "needs gpt-transcribe"),
        (MODEL | {"languages[]": "en"}, ("voice.ogg", OGG), 400, "needs gpt-transcri"),
        (MODEL, ("voice.amr", b"#!AMR" + OGG), 400, "Invalid file format"),
        (MODEL, ("voice.ogg", b"not audio" * 9), 400, "corrupted or unsupported"),
        (MODEL, ("voice.ogg", b"OggS"), 400, "too short"),
        (
            MODEL,
            ("voice.ogg", b"OggS" + b"\0" * LARGEST),
            413,
            "Maximum content size limit",
        ),
    ],
)
def test_transcription__wrong_request__refused(
    openai: FakeOpenAI, fields: Any, file: Any, status: int, said: str
) -> None:
    # When: multipart also where there is no file
    parts = [(name, (None, value)) for name, value in fields.items()]
    answer = post(openai, files=[*parts, *([("file", file)] if file else [])] or None)

    # Then
    assert (answer.status_code, said in answer.json()["error"]["message"]) == (
        status,
        True,
    )
    assert len(openai.rejected) == 1


def test_transcription__no_form_or_no_key__refused(openai: FakeOpenAI) -> None:
    assert post(openai, json=MODEL).status_code == 400
    assert post(openai, headers={}, data=MODEL).status_code == 401
