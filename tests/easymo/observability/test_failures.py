"""Exceptions of libraries that contain personal data."""

from __future__ import annotations

import http.server
import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import psycopg
import pydantic
import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection

from easymo.observability.logs import JsonLines
from tests.canaries import ALINE, OPENAI_KEY, WORDS, leaks_in

if TYPE_CHECKING:
    from collections.abc import Iterator


def logged(error: BaseException) -> dict[str, Any]:
    """Return the line that ``logger.exception`` would write."""
    record = logging.makeLogRecord(
        {
            "name": "library",
            "msg": "it said %s",
            "args": (str(error)[:0],),
            "levelno": logging.ERROR,
            "exc_info": (type(error), error, error.__traceback__),
        }
    )
    text = JsonLines().format(record)
    assert leaks_in(text) == []
    line: dict[str, Any] = json.loads(text)
    told: dict[str, Any] = line["exception"]
    return told


def raised(function: Any, *args: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - any, that is the point
        function(*args)
    return caught.value


@pytest.mark.django_db
def test_describe__unique_violation__names_the_constraint_only() -> None:
    # Given
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE person (msisdn text PRIMARY KEY, name text)")
        row = [ALINE.msisdn, ALINE.name]
        cursor.execute("INSERT INTO person VALUES (%s, %s)", row)

        # When
        error = raised(cursor.execute, "INSERT INTO person VALUES (%s, %s)", row)

    # Then
    assert isinstance(error, DatabaseError)
    assert ALINE.msisdn in str(error)
    told = logged(error)
    assert told["message"] == (
        "sqlstate=23505 constraint_name=person_pkey table_name=person"
    )
    assert told["cause"]["type"] == "psycopg.errors.UniqueViolation"


@pytest.mark.django_db
def test_describe__value_the_database_cannot_read__does_not_quote_it() -> None:
    with connection.cursor() as cursor:
        error = raised(cursor.execute, "SELECT CAST(%s AS uuid)", [ALINE.name])
    assert ALINE.name in str(error)
    assert logged(error)["message"] == "sqlstate=22P02"


def test_describe__connection_refused__says_where_without_password() -> None:
    url = "postgresql://aline:hunter2secret@127.0.0.1:1/x"
    told = logged(raised(psycopg.connect, url))
    assert "127.0.0.1" in told["message"]
    assert "hunter2secret" not in json.dumps(told)


def test_describe__http_failure__conceals_the_token_in_its_url() -> None:
    url = f"http://127.0.0.1:1/v26.0/1/messages?access_token={OPENAI_KEY}&to={ALINE.msisdn}"
    request = httpx2.Request("GET", url)
    error = httpx2.HTTPStatusError(
        f"Client error '400' for url '{url}'",
        request=request,
        response=httpx2.Response(400, request=request),
    )
    assert "[secret]" in logged(error)["message"]


@pytest.fixture
def refusing_openai() -> Iterator[str]:
    """A server that quotes what it was asked, as OpenAI's errors do."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = json.dumps(
                {"error": {"message": f"bad: {said}", "code": "bad_input"}}
            )
            self.send_response(400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_describe__openai_quotes_the_prompt__tells_status_and_code(
    refusing_openai: str,
) -> None:
    # Given
    client = openai.OpenAI(api_key=OPENAI_KEY, base_url=refusing_openai, max_retries=0)

    def ask() -> None:
        client.responses.create(model="m", input=f"{WORDS} from {ALINE.name}")

    # When
    error = raised(ask)
    client.close()

    # Then
    assert WORDS in str(error)
    assert logged(error)["message"] == "status_code=400 code=bad_input"


def test_describe__body_that_is_no_text__keeps_the_position_only() -> None:
    error = raised(bytes.decode, f"{WORDS} {ALINE.msisdn} \xff".encode("latin-1"))
    assert logged(error)["message"] == (
        "encoding=utf-8 start=47 end=48 reason=invalid start byte"
    )


def test_describe__key_error_of_a_code__takes_it_out() -> None:
    assert logged(raised({}.__getitem__, ALINE.code))["message"] == "'[code]'"


def test_describe__pydantic_quotes_its_input__counts_errors() -> None:
    adapter = pydantic.TypeAdapter(int)
    told = logged(raised(adapter.validate_python, f"{WORDS} {ALINE.name}"))
    assert told["message"] == "1 validation errors"


def test_describe__django_validation__does_not_quote_the_value() -> None:
    error = raised(_refuse)
    assert ALINE.name in str(error)
    assert logged(error)["message"] == "code=invalid"


def _refuse() -> None:
    raise ValidationError(f"“{ALINE.name}” is odd", code="invalid")


def test_describe__causes_and_groups__are_told_without_source_and_locals() -> None:
    # Given
    def fail() -> None:
        words = WORDS
        try:
            raise KeyError(ALINE.msisdn)
        except KeyError as error:
            raise ExceptionGroup(
                f"both {len(words)}", [ValueError(ALINE.code)]
            ) from error

    # When
    told = logged(raised(fail))

    # Then
    assert told["cause"]["message"] == "'+2507***456'"
    assert told["among"][0]["message"] == "[code]"
    assert all(frame.count(":") == 1 for frame in told["frames"])
