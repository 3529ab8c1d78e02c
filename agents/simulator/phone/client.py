"""Act on a simulated call from any web process, over its exchange's loopback port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from agents.realtime import local
from agents.simulator.phone import exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.content.document import Topic

TIMEOUT_S = 5.0
OK = 200


class NoLine(Exception):
    """The exchange of this call does not answer, or does not know the call."""


def ring(
    *,
    caller: str,
    role: str,
    pace: str,
    fails_transfer: bool,
    topics: Sequence[Topic] = (),
) -> str:
    """Let a call begin at this process; return its id. Nothing was delivered yet."""
    given = {
        "caller": caller,
        "role": role,
        "pace": pace,
        "fails_transfer": fails_transfer,
        "topics": {topic.key: topic.phrases for topic in topics},
    }
    found = _send("POST", exchange.here().port, "", given)
    if not found["call_id"]:
        raise NoLine("Too many telephones of the simulator are in use.")
    return str(found["call_id"])


def act(call_id: str, act: str, words: str = "") -> dict[str, Any]:
    """Speak, press or hang up; return what the caller hears now."""
    return _at(call_id, "POST", {"act": act, "words": words})


def picture(call_id: str) -> dict[str, Any] | None:
    """Return what the caller hears; None for a call that is not held any more."""
    try:
        return _at(call_id, "GET", {})
    except NoLine:
        return None


def _at(call_id: str, method: str, given: dict[str, Any]) -> dict[str, Any]:
    port = local.port_of(call_id)
    if port is None:
        raise NoLine("This is no call of the simulator.")
    return _send(method, port, call_id, given)


def _send(
    method: str, port: int, call_id: str, given: dict[str, Any]
) -> dict[str, Any]:
    url = local.base_url(port).removesuffix("/v1") + exchange.ROOT + call_id
    try:
        answer = httpx2.request(
            method,
            url,
            json=given,
            headers={"Authorization": f"Bearer {local.api_key()}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )
        found: dict[str, Any] = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise NoLine("The simulator's telephone does not answer.") from error
    if answer.status_code != OK:
        raise NoLine("This call is over.")
    return found
