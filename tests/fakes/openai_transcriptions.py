"""What OpenAI's transcription endpoint takes and refuses, and what it answers.

Messages, codes and params are those of the real API.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.openai_rules import Broken, RefusedError, refuse

WITH_LOGPROBS = frozenset({"gpt-4o-transcribe", "gpt-4o-mini-transcribe"})
# It alone takes expected words and several languages; it is billed by time.
GUIDED = "gpt-transcribe"
MODELS = WITH_LOGPROBS | {"whisper-1", GUIDED}
FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
# Of the models that are not whisper.
NEW_FORMATS = frozenset({"json", "text"})
FIELDS = frozenset(
    [
        *("chunking_strategy", "file", "include[]", "language", "model", "prompt"),
        *("response_format", "stream", "temperature", "timestamp_granularities[]"),
        *("keywords[]", "languages[]"),
    ]
)
EXTENSIONS = frozenset(
    ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"]
)
BEGINNINGS = (b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"RIFF", b"fLaC", b"\x1aE\xdf")
LARGEST = 25 * 1024 * 1024
SHORTEST = 28
NAME = re.compile(r'(?:^|; )(name|filename)="([^"]*)"')


@dataclass(frozen=True)
class Heard:
    """One recording that was understood as a request."""

    fields: dict[str, str]
    filename: str
    content: bytes = field(repr=False)


def parse(headers: dict[str, str], raw: bytes) -> Heard:
    """Take the form apart; refuse what the real API refuses."""
    kind, _, rest = headers.get("content-type", "").partition(";")
    boundary = rest.strip().removeprefix("boundary=").strip('"').encode()
    if kind != "multipart/form-data" or not boundary:
        message = (
            "[{'type': 'missing', 'loc': ('body', 'file'), 'msg': 'Field required'}]"
        )
        raise RefusedError(Broken(message))
    fields: dict[str, str] = {}
    filename, content = "", None
    for part in raw.split(b"--" + boundary)[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        named = dict(NAME.findall(_disposition(head.decode("latin-1"))))
        value = value.removesuffix(b"\r\n")
        if "filename" in named:
            filename, content = named["filename"], value
        fields[named["name"]] = "" if "filename" in named else value.decode()
    _check_fields(fields)
    if content is None:
        message = (
            "[{'type': 'missing', 'loc': ('body', 'file'), 'msg': 'Field required'}]"
        )
        raise RefusedError(Broken(message))
    _check_file(filename, content)
    return Heard(fields, filename, content)


def answer(heard: Heard, words: str) -> dict[str, Any]:
    """Return what the API says for these words."""
    tokens = words.split()
    spoken = max(len(heard.content) // 1_000, 1)
    body: dict[str, Any] = {
        "text": words,
        "usage": {
            "type": "tokens",
            "input_tokens": spoken,
            "input_token_details": {"text_tokens": 0, "audio_tokens": spoken},
            "output_tokens": len(tokens) + 2,
            "total_tokens": spoken + len(tokens) + 2,
        },
    }
    if heard.fields["model"] == GUIDED:
        body["usage"] = {"type": "duration", "seconds": 3.0}
        body["languages"] = [{"code": "en"}]
    if "include[]" in heard.fields:
        body["logprobs"] = [
            {"token": token, "logprob": math.log(0.9), "bytes": list(token.encode())}
            for token in tokens
        ]
    return body


def _disposition(head: str) -> str:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-disposition":
            return value.strip()
    return ""


def _check_fields(fields: dict[str, str]) -> None:
    for name in fields.keys() - FIELDS:
        refuse(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    model = fields.get("model")
    if not model:
        refuse("you must provide a model parameter", None, None)
    if model not in MODELS:
        refuse(f"The model '{model}' does not exist.", "model_not_found", "model")
    for name in ("keywords[]", "languages[]"):
        if name in fields and model != GUIDED:
            refuse(f"'{name}' needs {GUIDED}.", "unsupported_value", name[:-2])
    _check_format(fields, is_new=model != "whisper-1")
    language = fields.get("language")
    if language is not None and not re.fullmatch("[a-z]{2}", language):
        refuse(f"Invalid language '{language}'.", "invalid_language_format", "language")
    if "temperature" in fields and not 0 <= float(fields["temperature"]) <= 1:
        refuse("temperature must be from 0 to 1.", "decimal_above_max", "temperature")


def _check_format(fields: dict[str, str], *, is_new: bool) -> None:
    wanted = fields.get("response_format", "json")
    if wanted not in FORMATS:
        refuse(f"Invalid value: '{wanted}'.", "invalid_value", "response_format")
    if is_new and wanted not in NEW_FORMATS:
        refuse(
            f"response_format '{wanted}' is not compatible with model "
            f"'{fields['model']}'. Use 'json' or 'text' instead.",
            "unsupported_value",
            "response_format",
        )
    include = fields.get("include[]")
    if include not in {None, "logprobs"}:
        refuse(f"Invalid value: '{include}'.", "invalid_value", "include[0]")
    if include and (wanted != "json" or fields["model"] not in WITH_LOGPROBS):
        refuse("logprobs needs response_format json.", "unsupported_value", "include")
    if "timestamp_granularities[]" in fields and wanted != "verbose_json":
        refuse("Use verbose_json.", "unsupported_value", "timestamp_granularities")


def _check_file(filename: str, content: bytes) -> None:
    if len(content) > LARGEST:
        message = (
            f"Maximum content size limit ({LARGEST}) exceeded "
            f"({len(content)} bytes read)"
        )
        raise RefusedError(Broken(message, status=413))
    if filename.rpartition(".")[2].lower() not in EXTENSIONS:
        supported = sorted(EXTENSIONS)
        refuse(f"Invalid file format. Supported formats: {supported}", None, None)
    if not content.startswith(BEGINNINGS) and content[4:8] != b"ftyp":
        refuse("Audio file might be corrupted or unsupported", "invalid_value", "file")
    if len(content) < SHORTEST:
        refuse(
            "Audio file is too short. Minimum audio length is 0.1 seconds.",
            "audio_too_short",
            "file",
        )
