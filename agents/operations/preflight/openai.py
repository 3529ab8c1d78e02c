"""Pre-flight lines of OpenAI: key, models, price. They cost no tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from agents.llm.model import Usage
from agents.llm.pricing import PRICE_VERSION, price_of
from easymo.preflight.provider_request import Answer, NoAnswer, ask
from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    skipped,
    warning,
)
from rollout.core.features import Feature

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY, BASE = "OPENAI_API_KEY", "OPENAI_BASE_URL"
OFFLINE = "The offline model answers: the commands and their everyday variants."


@line(
    "openai.key",
    "The OpenAI API key is configured and tested",
    Section.ENVIRONMENT,
    place=1,
)
def key_works(circumstances: Circumstances) -> LineResult:
    circumstances.message("agents.W004")
    if not settings.OPENAI_API_KEY and circumstances.is_demonstration:
        return skipped(f"A demonstration. {OFFLINE}", "", KEY)
    if not settings.OPENAI_API_KEY:
        return warning(
            f"It is not set. {OFFLINE}",
            "Set it to a key of a project with a spending limit.",
            KEY,
        )
    if "..." in settings.OPENAI_API_KEY or " " in settings.OPENAI_API_KEY:
        return failed("It is a placeholder.", "Set it to a key of a project.", KEY)
    if not circumstances.live:
        return ok("It is set. `preflight --live` asks OpenAI.")
    try:
        answer = ask(
            f"{settings.OPENAI_BASE_URL}/models",
            headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}"},
        )
    except NoAnswer as error:
        return failed(
            f"OpenAI {error}.",
            "See that this machine may reach OPENAI_BASE_URL, and status.openai.com.",
            BASE,
        )
    return (
        _models_exist(answer, circumstances) if answer.is_success else _refused(answer)
    )


def _models_exist(answer: Answer, circumstances: Circumstances) -> LineResult:
    listed = answer.find("data")
    if not isinstance(listed, list):
        return failed(
            "What answered is no OpenAI API.",
            "It looks like https://api.openai.com/v1.",
            BASE,
        )
    known = {one.get("id") for one in listed if isinstance(one, dict)}
    wanted = dict(_wanted(circumstances))
    if missing := {name: model for name, model in wanted.items() if model not in known}:
        words = ", ".join(f"{model} ({name})" for name, model in missing.items())
        return failed(
            f"The key works, but this project has no {words}.",
            "Name a model that the project may use, or allow it in OpenAI's settings.",
            next(iter(missing)),
        )
    if settings.OPENAI_TRANSCRIPTION_MODEL not in known:
        return warning(
            f"The key works, but there is no {settings.OPENAI_TRANSCRIPTION_MODEL}: voice "
            "notes are not put into words.",
            "Name a model that the project may use.",
            "OPENAI_TRANSCRIPTION_MODEL",
        )
    return ok(f"The key works; {', '.join(wanted.values())} can be used.")


def _wanted(circumstances: Circumstances) -> Iterator[tuple[str, str]]:
    yield "OPENAI_RESPONSES_MODEL", settings.OPENAI_RESPONSES_MODEL
    if Feature.VOICE in circumstances.features_on:
        yield "OPENAI_REALTIME_MODEL", settings.OPENAI_REALTIME_MODEL


def _refused(answer: Answer) -> LineResult:
    code = answer.find("error", "code") or answer.find("error", "type")
    match answer.status:
        case 401:
            return failed(
                "OpenAI refused the key (401).",
                "Make a new key, and replace this one.",
                KEY,
            )
        case 403:
            return failed(
                "The key may not ask from here, or not list models (403).",
                "See the key's permissions and its project's allowed places.",
                KEY,
            )
        case 404:
            return failed(
                "There is no OpenAI API at this address (404).",
                "It looks like https://api.openai.com/v1.",
                BASE,
            )
        case 429 if code == "insufficient_quota":
            return failed(
                "The account has no credit left (429).",
                "Add credit, or raise the project's limit.",
                KEY,
            )
        case 429:
            return warning("OpenAI asks to wait (429).", "Try again in a minute.", KEY)
    return failed(
        f"OpenAI answered {answer.status}.",
        "See status.openai.com; then try again.",
        BASE,
    )


@line("openai.price", "The price of the model is known", Section.RUNNING)
def price_is_known(circumstances: Circumstances) -> LineResult:
    """Check the price, which the cost guardrail needs."""
    if not settings.OPENAI_API_KEY:
        return skipped("The offline model costs nothing.")
    model = settings.OPENAI_RESPONSES_MODEL
    one = Usage(input_tokens=1_000_000, cached_input_tokens=0, output_tokens=0)
    price = price_of(model, one)
    if not price.cost:
        return circumstances.lacking(
            f"{PRICE_VERSION} knows no price of {model}: cost cannot be guarded.",
            "Name a model that it knows, or update the package genai-prices.",
            "OPENAI_RESPONSES_MODEL",
        )
    return ok(f"{model}: ${price.cost:.2f} a million tokens read ({PRICE_VERSION}).")
