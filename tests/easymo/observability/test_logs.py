from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
import uuid
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from easymo.observability import correlation, logs
from easymo.observability.logs import StandardOutput, get_logger
from tests.canaries import ALINE, OPENAI_KEY, leaks_in

if TYPE_CHECKING:
    from collections.abc import Callable

logger = get_logger("tests.logs")


class Output:
    """What stood on standard output; the product's own handler writes there."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self.captured = captured
        self.text = ""

    def getvalue(self) -> str:
        self.text += self.captured.readouterr().out
        return self.text


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    structlog.contextvars.clear_contextvars()
    return Output(capsys)


def lines_of(output: Output) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_info__fields__writes_one_json_line_in_order(output: Output) -> None:
    # Given
    cause = uuid.uuid4()

    # When
    with correlation.bound(cause, turn_id=4):
        logger.info("ai.whatsapp.message.success", message_id=7, cost=0.5)

    # Then
    (line,) = lines_of(output)
    assert list(line)[:4] == ["timestamp", "level", "event", "correlation_id"]
    assert line["timestamp"].endswith("Z")
    assert line | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "event": "ai.whatsapp.message.success",
        "correlation_id": str(cause),
        "logger": "tests.logs",
        "turn_id": 4,
        "message_id": 7,
        "cost": 0.5,
    }


@pytest.mark.parametrize(
    "evil",
    [
        "x\r\nERROR paid",
        "\x1b[31mred\x1b[0m",
        "a\u2028b\u2029c\x85d",
        "\x00\x07\x9b31m",
        "\ud800 lone",
        '"}\n{"event": "forged"}',
    ],
)
def test_info__breaks_and_escapes__stay_one_plain_line(
    output: Output, evil: str
) -> None:
    # When
    logger.info(evil, reason=evil, **{"ke\ny": evil})
    logging.getLogger("library").info("said %s", evil)

    # Then
    raw = output.getvalue()
    assert raw.isascii()
    assert raw.count("\n") == 2
    assert all(character == "\n" or character.isprintable() for character in raw)
    assert [line["level"] for line in lines_of(output)] == ["info", "info"]


def test_info__personal_fields__masks_by_key_and_content(output: Output) -> None:
    # When
    logger.info(
        f"sent to {ALINE.msisdn}",
        msisdn=ALINE.msisdn,
        number=int(ALINE.msisdn),
        name=ALINE.name,
        text="hello",
        pin=ALINE.pin,
        access_token="anything",
        voucher={"code": ALINE.code, "customer": {"name": ALINE.name}},
        codes=[ALINE.code],
        wamid=ALINE.wamid,
        by_number={ALINE.msisdn: 1},
        code="not_issued",
        input_tokens=812,
    )

    # Then
    (line,) = lines_of(output)
    assert leaks_in(output.getvalue()) == []
    assert line["event"] == "sent to +2507***456"
    assert (line["msisdn"], line["number"]) == ("+2507***456", "+2507***456")
    assert (line["name"], line["text"]) == ("[name]", "[text]")
    assert (line["pin"], line["access_token"]) == ("[pin]", "[secret]")
    assert line["voucher"] == {"code": "[code]", "customer": {"name": "[name]"}}
    assert line["by_number"] == {"+2507***456": 1}
    assert (line["code"], line["input_tokens"]) == ("not_issued", 812)


class Unwilling:
    def __str__(self) -> str:
        raise RuntimeError(ALINE.msisdn)

    __repr__ = __str__


def test_info__what_json_does_not_know__is_named_not_shown(output: Output) -> None:
    # Given
    knot: dict[str, Any] = {}
    knot["self"] = knot

    # When
    logger.info("odd", o=Unwilling(), b=b"+250788123456", knot=knot, nan=float("nan"))
    logging.getLogger("library").info("odd %s", Unwilling())
    mistaken = ("odd %s %s", "too few")
    logging.getLogger("library").info(*mistaken)

    # Then
    first, second, third = lines_of(output)
    assert first["o"] == "<tests.easymo.observability.test_logs.Unwilling>"
    assert (first["b"], first["nan"]) == ("[13 bytes]", "nan")
    assert second["event"] == "odd %s"
    assert third["event"] == "odd %s %s"


def test_info__reserved_field__does_not_displace_ours(output: Output) -> None:
    logging.getLogger("library").info("x", extra={"level": "none", "timestamp": 1})
    (line,) = lines_of(output)
    assert (line["level"], line["level_"], line["timestamp_"]) == ("info", "none", 1)


def test_info__huge_line__is_cut_to_a_bound(output: Output) -> None:
    logger.info("big", many=[["x" * 3_000] * 100] * 100)
    (line,) = lines_of(output)
    assert line["cut"] > logs.LONGEST_LINE
    assert len(output.getvalue()) < 2_000


def test_info__secret_of_the_settings__is_concealed(
    output: Output, settings: Any
) -> None:
    # Given
    settings.WA_VERIFY_TOKEN = "open sesame for ever"
    settings.OPENAI_API_KEY = "a key without a shape"

    # When
    logger.info(
        "said open sesame for ever", note="a key without a shape!", k=OPENAI_KEY
    )

    # Then
    (line,) = lines_of(output)
    assert line["event"] == "said [secret]"
    assert (line["note"], line["k"]) == ("[secret]!", "[secret]")


def crash_in_thread() -> None:
    thread = threading.Thread(target=int, args=(ALINE.msisdn + "x",))
    thread.start()
    thread.join()


def crash_in_process() -> None:
    try:
        raise KeyError(ALINE.code)
    except KeyError as error:
        sys.excepthook(type(error), error, error.__traceback__)


def crash_in_task() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler(
            {"message": f"lost {ALINE.email}", "exception": ValueError(ALINE.msisdn)}
        )

    asyncio.run(main())


def warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = logging._showwarning  # type: ignore[attr-defined]
        warnings.warn(f"odd number {ALINE.msisdn}", stacklevel=1)


@pytest.mark.parametrize(
    ("crash", "level"),
    [
        (crash_in_thread, "critical"),
        (crash_in_process, "critical"),
        (crash_in_task, "error"),
        (warn, "warning"),
    ],
)
def test_hooks__nobody_caught_it__one_scrubbed_line(
    output: Output,
    monkeypatch: pytest.MonkeyPatch,
    crash: Callable[[], None],
    level: str,
) -> None:
    # Given: pytest has hooks of its own in place.
    monkeypatch.setattr(threading, "excepthook", logs._log_thread_crash)
    monkeypatch.setattr(sys, "excepthook", logs._log_crash)

    # When
    crash()

    # Then
    (line,) = lines_of(output)
    assert line["level"] == level
    assert leaks_in(output.getvalue()) == []


def test_handler__stream_breaks__says_nothing_of_the_record(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError("no space")

    monkeypatch.setattr(sys, "stdout", Broken())
    handler = StandardOutput()

    # When
    handler.handle(logging.makeLogRecord({"msg": ALINE.msisdn}))

    # Then
    assert capsys.readouterr().err == ""


def test_results__of_a_command__keep_standard_output_clean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for argv, stream in (
        (["manage.py", "audit", "verify", "--json"], sys.stderr),
        (["/lib/django/__main__.py", "flags"], sys.stderr),
        (["manage.py", "procrastinate", "worker"], sys.stdout),
        (["granian", "easymo.wsgi"], sys.stdout),
        (["/lib/granian/__main__.py", "easymo.wsgi"], sys.stdout),
    ):
        monkeypatch.setattr(sys, "argv", argv)
        assert StandardOutput().stream is stream


@pytest.mark.parametrize("name", ["django.db.backends", "httpx2", "openai", "psycopg"])
def test_library__that_writes_values__is_silent_below_warning(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    "name", ["django.server", "django.request", "_granian", "procrastinate"]
)
def test_library__with_handlers_of_its_own__comes_through_ours(name: str) -> None:
    found: logging.Logger | None = logging.getLogger(name)
    while found is not None and found.parent is not None:
        assert found.handlers == []
        assert found.propagate
        found = found.parent
