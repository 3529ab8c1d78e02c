"""Calls of the simulator: who may act on them, and where the worker connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from agents.calls.providers import provider_for
from agents.models import Call
from agents.realtime import local
from agents.realtime.incoming import CALL_ID
from agents.realtime.openai_realtime import OpenAIRealtime
from agents.simulator.phone import client, exchange

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

ANY = {"caller": "+250788000001", "role": "customer", "pace": "fast"}


def ring() -> str:
    return client.ring(**ANY, fails_transfer=False)


@pytest.fixture(autouse=True)
def _switched_on(settings: SettingsWrapper) -> None:
    settings.SIMULATOR_ENABLED = True
    settings.OPENAI_API_KEY = ""


def test_call_id__of_the_simulator__is_one_that_the_webhook_takes() -> None:
    call_id = local.new_call_id(54_321)

    assert CALL_ID.fullmatch(call_id)
    assert local.port_of(call_id) == 54_321


@pytest.mark.parametrize(
    "call_id",
    [
        "rtc_u1_9c6574da8b8a41a18da9308f4ad974ce",
        "rtc_simulator_0_0123456789abcdef0123",
        "rtc_simulator_99999_0123456789abcdef0123",
        "rtc_simulator_80@evil.example_0123456789abcdef0123",
        "rtc_simulator_8000_0123456789abcdef0123/../x",
        "xrtc_simulator_8000_0123456789abcdef0123",
    ],
)
def test_port__of_another_id__is_none(call_id: str) -> None:
    assert local.port_of(call_id) is None


def test_provider__call_of_the_simulator__is_the_server_on_this_machine() -> None:
    call = Call(call_id=local.new_call_id(8_123), is_synthetic=True)

    found = provider_for(call)

    assert isinstance(found, OpenAIRealtime)
    assert found.base_url == "http://127.0.0.1:8123/v1"
    assert found.api_key == local.api_key()


def test_provider__real_call_with_the_id_of_a_simulated_one__never_goes_there(
    settings: SettingsWrapper,
) -> None:
    settings.OPENAI_API_KEY = "sk-real"
    call = Call(call_id=local.new_call_id(8_123), is_synthetic=False)

    found = provider_for(call)

    assert isinstance(found, OpenAIRealtime)
    assert found.base_url == settings.OPENAI_BASE_URL
    assert found.api_key == "sk-real"


def test_provider__simulator_off__is_none(settings: SettingsWrapper) -> None:
    settings.SIMULATOR_ENABLED = settings.DEMONSTRATION = False

    assert provider_for(Call(call_id=ring(), is_synthetic=True)) is None


@pytest.mark.parametrize("key", ["none", "sk-other"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_control__without_the_key__is_refused(key: str, method: str) -> None:
    call_id = ring()
    url = f"http://127.0.0.1:{local.port_of(call_id)}/phone/{call_id}"

    answer = httpx2.request(
        method,
        url,
        json={"act": "hang_up"},
        headers={"Authorization": f"Bearer {key}"},
        trust_env=False,
    )

    assert answer.status_code == 401
    found = client.picture(call_id)
    assert found is not None
    assert found["state"] == "ringing"


def test_act__hang_up_while_it_rings__ends_the_call() -> None:
    call_id = ring()

    found = client.act(call_id, "hang_up")

    assert (found["state"], found["ended_by"]) == ("ended", "caller")


@pytest.mark.parametrize("act", ["", "accept", "__init__"])
def test_act__unknown__is_refused_and_changes_nothing(act: str) -> None:
    call_id = ring()

    with pytest.raises(client.NoLine):
        client.act(call_id, act)

    found = client.picture(call_id)
    assert found is not None
    assert found["state"] == "ringing"


def test_picture__call_that_is_not_held__is_none() -> None:
    port = exchange.here().port

    assert client.picture(local.new_call_id(port)) is None


def test_ring__more_than_the_exchange_holds__is_refused() -> None:
    for _ in range(exchange.MOST_RUNNING):
        ring()

    with pytest.raises(client.NoLine, match="Too many"):
        ring()


@pytest.fixture(autouse=True)
def _all_hung_up() -> None:
    """Other tests of this process may have left calls."""
    if exchange._here:
        for call_id in list(exchange._here[0].lines):
            client.act(call_id, "hang_up")
