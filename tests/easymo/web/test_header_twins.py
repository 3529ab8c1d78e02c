"""A header that an attacker spells like a trusted one never takes its place."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from easymo.web.request_environ import SINGLE
from tests import payloads
from tests.easymo.web.conftest import WEBHOOK, Server, head, running, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOKUP = "/functions/v1/ai-lookup-customer"
# Every header that a decision is made by.
TRUSTED = (
    "Authorization",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Host",
    "Idempotency-Key",
    "If-None-Match",
    "Origin",
    "Referer",
    "Webhook-Id",
    "Webhook-Signature",
    "Webhook-Timestamp",
    "X-Agent-JWT",
    "X-Agent-Token",
    "X-Correlation-ID",
    "X-CSRFToken",
    "X-Easymo-Synthetic",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Hub-Signature-256",
)
WITH_HYPHEN = tuple(name for name in TRUSTED if "-" in name)
# Ways to spell a name so that it could become the same variable.
TWINS: dict[str, Callable[[str], str]] = {
    "underscores": lambda name: name.replace("-", "_"),
    "first underscore": lambda name: name.replace("-", "_", 1),
    "last underscore": lambda name: "_".join(name.rsplit("-", 1)),
    "small": lambda name: name.replace("-", "_").lower(),
    "capitals": lambda name: name.replace("-", "_").upper(),
    "as the variable": lambda name: "HTTP_" + name.replace("-", "_").upper(),
    "dot": lambda name: name.replace("-", "."),
}
# Spellings that no server may repair.
BROKEN: dict[str, Callable[[str], str]] = {
    "space before the colon": lambda name: f"{name} : evil",
    "tab before the colon": lambda name: f"{name}\t: evil",
    "space within": lambda name: f"{name.replace('-', ' ', 1)}x y: evil",
    "no name": lambda name: f": {name}",
    "control character": lambda name: f"{name}\x01: evil",
    "end of line in the value": lambda name: f"{name}: a\rb",
    "folded": lambda name: f"{name}: a\r\n evil",
}


@pytest.fixture(scope="module", params=["true", ""], ids=["behind a proxy", "direct"])
def echo(request: pytest.FixtureRequest, database: str) -> Iterator[Server]:
    """Serve the variables of each request, behind a proxy and without one."""
    module = "tests.easymo.web.echo"
    with running(database, module, BEHIND_PROXY=request.param) as started:
        yield started


def variables_of(server: Server, *headers: str) -> dict[str, str]:
    answer = server.get("/", *headers)
    assert answer.status == 200
    found: dict[str, str] = json.loads(answer.body)
    return found


@pytest.mark.parametrize("name", WITH_HYPHEN)
def test_twin__any_trusted_header__reaches_no_variable(echo: Server, name: str) -> None:
    # Given
    genuine = f"{name}: {'0' if name == 'Content-Length' else 'real'}"

    # When
    reached = [
        headers
        for twin in TWINS.values()
        for forged in [f"{twin(name)}: evil"]
        for headers in ((genuine, forged), (forged, genuine), (forged,))
        if "evil" in variables_of(echo, *headers).values()
    ]

    # Then
    assert reached == []


@pytest.mark.parametrize("name", sorted(SINGLE))
@pytest.mark.parametrize("spelling", [str, str.upper, str.title])
def test_duplicate__header_that_is_single__refused(
    echo: Server, name: str, spelling: Callable[[str], str]
) -> None:
    value = "0" if name == "content-length" else "localhost"
    other = "1" if name == "content-length" else "evil"
    lines = (f"{name}: {value}", f"{spelling(name)}: {other}")

    assert echo.ask(head("GET", "/", *lines) + b"\r\n").status in {0, 400}


def test_single__every_trusted_header_is_listed_or_has_its_own_rule() -> None:
    own_rule = {"cookie", "if-none-match"}
    of_proxy = {name.lower() for name in TRUSTED if name.startswith("X-Forwarded")}
    assert {name.lower() for name in TRUSTED} == SINGLE | own_rule | of_proxy


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_line__any_trusted_header__refused_or_dropped(
    echo: Server, kind: str
) -> None:
    taken = {}
    for name in TRUSTED:
        raw = head("GET", "/", "Host: localhost", BROKEN[kind](name)) + b"\r\n"
        if (status := echo.ask(raw).status) not in {0, 400}:
            taken[name] = status

    assert taken == {}


@pytest.mark.parametrize(
    ("lines", "of_proxy"),
    [
        (("X-Forwarded-For: 203.0.113.7",), "203.0.113.7"),
        # The nearest proxy appends, in the same line or in one of its own.
        (("X-Forwarded-For: evil, 203.0.113.7",), "203.0.113.7"),
        (("X-Forwarded-For: evil", "x-forwarded-for: 203.0.113.7"), "203.0.113.7"),
        (("X-Forwarded-Proto: https", "X-Forwarded-Proto: http"), "http"),
        (("X-Forwarded-Proto: https, http",), "http"),
        (("Forwarded: for=evil",), None),
        (("Proxy: evil",), None),
    ],
)
def test_header_of_a_proxy__last_entry_counts__and_none_without_a_proxy(
    echo: Server, request: pytest.FixtureRequest, lines: tuple[str, ...], of_proxy: str
) -> None:
    found = variables_of(echo, *lines)
    is_behind = "behind" in request.node.name
    name = "HTTP_" + lines[0].partition(":")[0].upper().replace("-", "_")
    value = found.get(name, "")

    if is_behind and of_proxy:
        assert value.rpartition(", ")[2] == of_proxy
    elif of_proxy or name == "HTTP_PROXY":
        assert value == ""


def test_value__not_ascii__is_empty_and_not_absent(echo: Server) -> None:
    assert variables_of(echo, "Idempotency-Key: caf\xe9")["HTTP_IDEMPOTENCY_KEY"] == ""


# Through the product: what each forged header would have gained.


@pytest.fixture(scope="module")
def proxied(database: str) -> Iterator[Server]:
    with running(database, BEHIND_PROXY="true", HTTPS_ONLY="true") as started:
        yield started


SECURE = "X-Forwarded-Proto: https"


def test_product__forged_scheme__still_redirected(proxied: Server) -> None:
    plain = "X-Forwarded-Proto: http"
    for forged in ("X_Forwarded_Proto: https", "X-Forwarded_Proto: https"):
        assert proxied.get("/admin/login/", plain, forged).status == 301
    assert proxied.get("/admin/login/", SECURE).status == 200


def test_product__forged_address__tokens_are_still_counted(proxied: Server) -> None:
    seen = []
    for number in range(21):
        headers = (
            SECURE,
            "Content-Type: application/json",
            f"Authorization: Bearer wrong-{number}",
            "X-Forwarded-For: 203.0.113.77",
            f"X_Forwarded_For: 198.51.100.{number}",
        )
        seen.append(proxied.post(LOOKUP, b"{}", *headers).status)

    assert seen == [401] * 20 + [429]


def test_product__forged_signature__refused(server: Server) -> None:
    body = payloads.webhook(payloads.text("hello"))
    assert server.deliver(body).status == 200
    for forged in (
        "X_Hub_Signature_256",
        "X-Hub_Signature-256",
        "HTTP_X_HUB_SIGNATURE_256",
    ):
        answer = server.post(WEBHOOK, body, f"{forged}: {signature(body)}")
        assert answer.status == 403


def test_product__forged_mark__event_is_no_synthetic_one(
    server: Server, database: str
) -> None:
    from agents.whatsapp.signature import synthetic_mark

    body = payloads.webhook(payloads.text(f"hello {uuid4()}"))
    answer = server.deliver(body, f"X_Easymo_Synthetic: {synthetic_mark(body)}")

    assert answer.status == 200
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT is_synthetic FROM easymo.agents_webhookevent WHERE body = %s",
            [body],
        ).fetchone()
    assert row == (False,)


def test_product__forged_correlation_id__not_taken(server: Server) -> None:
    given = str(uuid4())
    for forged in ("X_Correlation_ID", "X-Correlation_ID"):
        answer = server.get("/healthz", f"{forged}: {given}")
        assert answer.headers["x-correlation-id"] != given
    assert (
        server.get("/healthz", f"X-Correlation-ID: {given}").headers["x-correlation-id"]
        == given
    )


@pytest.mark.parametrize(
    "forged", ["webhook_id: 1", "webhook_timestamp: 1", "webhook_signature: v1,a"]
)
def test_product__forged_openai_headers__is_the_function_api(
    server: Server, forged: str
) -> None:
    kind = "Content-Type: application/json"
    answer = server.post("/functions/v1/ai-realtime-webhook", b"{}", kind, forged)

    assert answer.status == 401


def test_product__forged_csrf_token__refused(server: Server) -> None:
    page = server.get("/admin/login/")
    cookie = page.headers["set-cookie"].partition(";")[0]
    found = re.search(rb'csrfmiddlewaretoken" value="([^"]+)"', page.body)
    assert found is not None
    body = b"username=a&password=b"
    kind = "Content-Type: application/x-www-form-urlencoded"

    def sign_in(name: str) -> int:
        token = f"{name}: {found[1].decode()}"
        return server.post(
            "/admin/login/", body, kind, f"Cookie: {cookie}", token
        ).status

    assert sign_in("X_CSRFToken") == sign_in("X-CSRF_Token") == 403
    assert sign_in("X-CSRFToken") == 200


@pytest.mark.parametrize("forged", ["Content_Type: text/plain", "Content_Length: 1"])
def test_product__forged_body_headers__the_real_ones_count(
    server: Server, forged: str
) -> None:
    answer = server.post(LOOKUP, b"{}", "Content-Type: application/json", forged)

    assert answer.status == 401
